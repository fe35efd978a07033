// Package search finds any of many texts in one pass.
//
// [New] makes an automaton (Aho and Corasick's) of the beginnings of all
// patterns, as one table over classes of bytes: the cost of a byte of text does
// not depend on how many patterns there are. Text in which none can begin is
// skipped, and where a beginning is found, the rest is compared. A [Set] does not
// change; [Set.Find] looks through bytes that are in memory, a [Reader] through a
// stream of any length, and through [Views] of it: what is written with escapes or
// in broken lines there is found as it is meant.
package search
