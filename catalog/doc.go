// Package catalog says what a Postgres database has: tables and views with their columns and types, keys, foreign
// keys, indexes and enum types.
//
// Read it once from a live database, 13 or newer:
//
//	c, err := catalog.Read(ctx, pool)
//	if err != nil {
//		return err
//	}
//	users := c.Tables[catalog.Name{Schema: "public", Name: "users"}]
//	if users == nil {
//		return errors.New("no table public.users")
//	}
//	if id := users.Column("id"); id != nil && id.Type.Base.Name == "int8" {
//		...
//	}
//
// A test may write a Catalog by hand: it is plain structs, and only Read needs a database.
//
// Follow a foreign key from its table to the referenced one, whose columns stand in the same order:
//
//	for _, key := range users.ForeignKeys {
//		target := c.Tables[key.Table]
//		...
//	}
//
// Any role can read a catalog: nothing but pg_catalog is read, and no right on the tables is needed or considered.
package catalog
