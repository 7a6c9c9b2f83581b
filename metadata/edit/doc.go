// Package edit changes a metadata directory as a person would: it adds, replaces and removes action relationships,
// actions, their permissions and custom types in actions.yaml and actions.graphql, and leaves every line alone that
// need not change. Comments, the order of keys, quoting, indentation, line ends, included files and CLI layouts are kept.
//
// An edit is a pure function from a directory to a [Change], which can be shown ([Change.Diff]), tried
// ([Change.Over], with [metadata.Read] or joinery.Check), written ([Change.Apply]) and undone ([Change.Inverse]).
//
// Files are spliced, never printed anew. Each edit is read back twice before it is returned: the values in the files
// must be exactly those that were wanted, and the metadata that [metadata.Read] makes of them must differ in
// nothing else. An edit that can't be made in this way is refused with a place and a mend, as [metadata.Faults]: one of a
// value that an alias repeats, for example, or of one between brackets with comments. What is asked for and can't be,
// such as a relationship without a name, is [Invalid], and a thing that isn't there [NotFound].
//
// Edits say nothing about whether the changed metadata is right: check [Change.Over] before it is applied.
package edit
