package loaders

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// Statement is the SQL that reads some columns of a relationship's rows, for any number of keys. It is made once and
// then safe for concurrent use.
type Statement struct {
	relationship *Relationship
	columns      []*catalog.Column
	encodings    []encoding
	keys         []keyKind // by relationship column
	sql          string
}

// NewStatement prepares the reading of columns, which may be empty. Column i is cell i of each row.
func NewStatement(r *Relationship, columns []*catalog.Column) *Statement {
	s := &Statement{relationship: r, columns: columns}
	for _, c := range columns {
		s.encodings = append(s.encodings, encodingOf(c.Type))
	}
	for _, c := range r.Columns {
		s.keys = append(s.keys, keyKindOf(c.Type))
	}
	s.sql = s.write()
	return s
}

// SQL is the statement's text. Its parameters are one array of keys per column of the relationship.
func (s *Statement) SQL() string { return s.sql }

// write builds
//
//	SELECT k.ord, t."a", t."b" FROM unnest($1::"pg_catalog"."int8"[]) WITH ORDINALITY AS k(c0, ord)
//	JOIN "public"."users" AS t ON t."id" = k.c0
//
// Keys have the column's type, so that Postgres compares them as it compares two columns (citext, numeric, enums).
// Where several rows may be equal to a key of an object relationship, one is taken per key by a lateral subquery.
func (s *Statement) write() string {
	r := s.relationship
	var b strings.Builder
	b.WriteString("SELECT k.ord")
	for i, c := range s.columns {
		b.WriteString(", " + s.encodings[i].expression("t."+quote(c.Name)))
	}
	b.WriteString(" FROM unnest(")
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d::%s[]", i+1, c.Type.Base.Quoted())
		names[i] = fmt.Sprintf("c%d", i)
	}
	fmt.Fprintf(&b, ") WITH ORDINALITY AS k(%s, ord)", strings.Join(names, ", "))
	if r.Type == metadata.ObjectRelationship && !r.unique() {
		fmt.Fprintf(&b, " CROSS JOIN LATERAL (SELECT * FROM %s AS t WHERE %s%s LIMIT 1) AS t",
			r.Table.Name.Quoted(), s.condition(), s.byPrimaryKey())
	} else {
		fmt.Fprintf(&b, " JOIN %s AS t ON %s", r.Table.Name.Quoted(), s.condition())
	}
	return b.String()
}

func (s *Statement) condition() string {
	parts := make([]string, len(s.relationship.Columns))
	for i, c := range s.relationship.Columns {
		parts[i] = fmt.Sprintf("t.%s %s k.c%d", quote(c.Name), equals(c.Type), i)
	}
	return strings.Join(parts, " AND ")
}

func (s *Statement) byPrimaryKey() string {
	key := s.relationship.Table.PrimaryKey
	if len(key) == 0 {
		return ""
	}
	quoted := make([]string, len(key))
	for i, name := range key {
		quoted[i] = "t." + quote(name)
	}
	return " ORDER BY " + strings.Join(quoted, ", ")
}

// equals is the operator that compares two values of t. An extension's type brings its own, which is found only if
// its schema is named: with citext outside the search path, a plain = would fall back on text's.
func equals(t catalog.Type) string {
	if t.Base.Schema == "pg_catalog" || t.BaseKind != catalog.BaseType {
		return "="
	}
	return "OPERATOR(" + quote(t.Base.Schema) + ".=)"
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
