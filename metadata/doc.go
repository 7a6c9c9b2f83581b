// Package metadata is Joinery's vocabulary: what a Hasura v2 metadata directory declares, with the place where each
// thing stands. It knows files, YAML and SDL, and nothing of databases, HTTP or the rest of Joinery.
//
// # Read a directory
//
// [ReadDir] reads a directory of the operating system, [Read] any [io/fs.FS], such as an embedded one. Both return all
// faults at once, with file, line and column, and always what could be read:
//
//	md, faults := metadata.ReadDir("metadata")
//	if err := faults.Err(); err != nil {
//		return err // a line for each error
//	}
//	for _, w := range faults.Of(metadata.Warning) {
//		log.Print(w)
//	}
//
// A [Fault] that is an error stops the start. A warning says what is not understood (an unknown key) or not served (an
// event trigger). Where Hasura reports the same fault, the message is Hasura's.
//
// # Find your way in what was read
//
// [Metadata] holds actions, custom types, sources with their tables, remote schemas and inherited roles, each in the
// order of the files. Names are resolved by [Metadata.Source], [Source.Table], [CustomTypes.Object] and [Object.Field].
// A [Type] names its type; a name that no custom type has is a scalar ([IsBuiltinScalar], [IsPostgresType]).
//
// An action is put together from two files: operation, arguments and output come from actions.graphql, the handler and
// all the rest from actions.yaml. What columns a table has is not in the metadata: package catalog asks the database.
//
// # What is checked
//
// After a reading without errors: every type that an action names exists and fits its place; a relationship leads to a
// tracked table of a known source and maps scalar fields of its object; no two things claim one name; names are valid
// in GraphQL; headers have one value; timeouts are positive; every select permission says which columns and rows it
// shows. Whether columns exist and types can be compared is checked where the database is known.
//
// # How it is built
//
// Files become texts (file.go) and syntax trees with comments and order kept (document.go); a node is a value of a tree
// with aliases and includes resolved (node.go); a mapping finds unknown keys by asking for the known ones (mapping.go);
// read_*.go and sdl.go decode nodes into the vocabulary, merge.go joins YAML and SDL, check*.go judge the vocabulary
// alone. Whoever edits files in place needs only the first two steps and the Pos of what is edited.
package metadata
