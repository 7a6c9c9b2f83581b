package entities

import (
	"github.com/joinery-graphql/joinery/catalog"
)

// AggregateFunctions are the aggregates over one column, by their names in GraphQL and SQL, which are the same.
var AggregateFunctions = []string{
	"avg", "max", "min", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
}

// Allows reports whether an aggregate function can be used on the field: numbers have all, and what Postgres can order
// has min and max (Postgres, section 9.21).
func (f *Field) Allows(function string) bool {
	switch {
	case f.Column == nil || isArray(f.Column):
		return false
	case isNumber(f.Column.Type):
		return true
	case function == "min" || function == "max":
		return hasMinMax(f.Column.Type)
	}
	return function == "sum" && f.Column.Type.Base == pgCatalog("money")
}

func pgCatalog(name string) catalog.Name { return catalog.Name{Schema: "pg_catalog", Name: name} }

var numbers = map[string]bool{"int2": true, "int4": true, "int8": true, "float4": true, "float8": true, "numeric": true}

func isNumber(t catalog.Type) bool { return t.Base.Schema == "pg_catalog" && numbers[t.Base.Name] }

var ordered = map[string]bool{
	"text": true, "varchar": true, "bpchar": true, "date": true, "time": true, "timetz": true, "timestamp": true, "timestamptz": true,
	"interval": true, "money": true, "inet": true, "oid": true,
}

func hasMinMax(t catalog.Type) bool {
	return t.BaseKind == catalog.EnumType || t.Base.Name == "citext" || t.Base.Schema == "pg_catalog" && ordered[t.Base.Name]
}

// AggregateType is the GraphQL type of a function of the field: floats for means and deviations, else the field's own.
func (f *Field) AggregateType(function string) string {
	switch function {
	case "sum", "min", "max":
		return f.Type.Named()
	}
	return "Float"
}
