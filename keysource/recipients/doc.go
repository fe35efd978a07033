// Package recipients reads and writes the list of the people who can open a
// wrapped master key, such as master.key.recipients.
//
// The list is a text that "age -R" takes as it is: the name of each member as a
// comment, and below it the public key. Its last line is a seal, an HMAC of the
// members under the master key itself. So whoever has no key cannot put a line
// into the list that anything here would obey.
//
// The command line writes lists, the plugin in plugins/age wraps keys for what
// stands in them.
package recipients
