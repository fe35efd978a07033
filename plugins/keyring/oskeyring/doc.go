// Package oskeyring is a key source in the keyring of the operating system: the
// Secret Service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC), the
// macOS Keychain or the Windows Credential Manager, and on a Linux machine
// without a desktop the keyring of the kernel.
//
// The settings, all optional, are
//
//	service  under which name the key is filed; flask-vault
//	account  which of the service's keys it is; master-key
//	backend  secret-service, keychain, wincred or kernel; the one of the system
//
// The keyring holds the key as master.key does, URL-safe base64. The kernel's
// keyring holds it in memory alone: it is gone when the machine restarts and, on
// many systems, when the user's last session ends.
package oskeyring
