package metadata

import (
	"slices"
	"strings"
)

// IsBuiltinScalar says whether name is one of GraphQL's own scalars.
func IsBuiltinScalar(name string) bool {
	return slices.Contains(builtinScalars, name)
}

// IsPostgresType says whether name is a Postgres type that actions may use as a scalar without declaring it
// (hasura-actions.md section 2): a base, range or multirange type of Postgres itself or of a well-known extension, under
// the name that Hasura gives it, or an array of one written as "_name".
func IsPostgresType(name string) bool {
	_, found := slices.BinarySearch(postgresTypes, strings.TrimPrefix(name, "_"))
	return found
}

var builtinScalars = []string{"Boolean", "Float", "ID", "Int", "String"}

// postgresTypes are names of pg_type, Hasura's names of types that SQL spells otherwise (smallint, bigint), and the
// types of extensions that are often seen. Sorted.
var postgresTypes = sortedNames(`
	bit bool boolean box bpchar bytea char cid cidr circle date decimal float4 float8 gtsvector inet int int2 int4 int8
	integer interval json jsonb jsonpath line lseg macaddr macaddr8 money name numeric oid oidvector int2vector path
	pg_lsn pg_snapshot point polygon real smallint bigint serial bigserial smallserial text tid time timestamp
	timestamptz timetz tsquery tsvector txid_snapshot uuid varbit varchar xid xid8 xml
	regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype
	int4range int8range numrange tsrange tstzrange daterange
	int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange
	citext hstore ltree lquery ltxtquery cube seg earth isbn isbn13 issn issn13 ismn ismn13 upc ean13
	geometry geography raster box2d box3d vector halfvec sparsevec semver ulid`)

func sortedNames(s string) []string {
	names := strings.Fields(s)
	slices.Sort(names)
	return names
}
