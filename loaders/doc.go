// Package loaders reads rows by key: keys in, rows out, in order. It is the only writer of SQL over users' tables.
//
// A [Relationship] says which columns of which table are compared with the keys. [NewStatement] turns it, with the
// columns wanted, into SQL, once. At run time a request makes its own [Loaders]; each place that needs rows adds its
// keys to a [KeySet], loads it, and takes the [Result] from the thunk after a flush:
//
//	l := loaders.New(session, loaders.Options{})
//	keys := statement.NewKeySet()
//	i, err := keys.Add([]byte(`42`))     // JSON values in
//	thunk := l.Load(ctx, statement, keys)
//	l.Flush()
//	result, err := thunk()
//	from, to, err := result.Key(i)       // rows from..to-1 of result.Rows belong to key i
//	json := result.Rows.Cell(from, 0)    // JSON values out
//
// All key sets that are loaded for one statement between two flushes are merged and answered by one SQL statement.
// Values go from Postgres' text form to JSON and from JSON to Postgres' text form without a Go value in between.
package loaders
