package metadata

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	tests := []struct {
		name       string
		candidates []string
		want       string
	}{
		{"handlr", []string{"name", "handler"}, "handler"},
		{"usres", []string{"posts", "users"}, "users"},
		{"uid", []string{"ID", "uuid", "Int"}, "uuid"},
		{"timestampz", []string{"timestamp", "timestamptz"}, "timestamptz"},
		{"createuser", []string{"CreateUser", "createUser"}, "createUser"},
		{"users", []string{"users"}, ""},
		{"x", []string{"y", "id"}, ""},
		{"", []string{"a"}, ""},
		{"emails", []string{"users", "posts"}, ""},
		{strings.Repeat("x", 1000), []string{strings.Repeat("x", 999)}, ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.name, tt.candidates); got != tt.want {
			t.Errorf("nearest(%.20q, %.40q) = %q, want %q", tt.name, tt.candidates, got, tt.want)
		}
	}
}

func TestParseType(t *testing.T) {
	for _, s := range []string{"Int", "Int!", "[Int]", "[Int!]!", "[[uuid!]]", "_text"} {
		got, err := parseType(" " + s + " ")
		if err != nil || got.String() != s {
			t.Errorf("parseType(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "!", "[]", "[Int", "Int]", "Int!!", "1x", "a b", strings.Repeat("[", 17) + "x" + strings.Repeat("]", 17)} {
		if got, err := parseType(s); err == nil {
			t.Errorf("parseType(%q) = %v, want an error", s, got)
		}
	}
}

func TestIsPostgresType(t *testing.T) {
	for _, name := range []string{"uuid", "timestamptz", "jsonb", "numeric", "citext", "vector", "bigint", "_text", "int4range"} {
		if !IsPostgresType(name) {
			t.Errorf("IsPostgresType(%q) = false", name)
		}
	}
	for _, name := range []string{"", "_", "UUID", "Int", "timestampz", "users"} {
		if IsPostgresType(name) {
			t.Errorf("IsPostgresType(%q) = true", name)
		}
	}
	if !slices.IsSorted(postgresTypes) || len(slices.Compact(slices.Clone(postgresTypes))) != len(postgresTypes) {
		t.Error("postgresTypes must be sorted, each name once")
	}
}

func TestTableTypeName(t *testing.T) {
	tests := []struct {
		table Table
		want  string
	}{
		{Table{Name: TableName{"public", "users"}}, "users"},
		{Table{Name: TableName{"auth", "users"}}, "auth_users"},
		{Table{Name: TableName{"auth", "users"}, CustomName: "User"}, "User"},
		{Table{Name: TableName{"auth", "users"}, TypeNames: Affixes{"a_", "_z"}}, "a_auth_users_z"},
	}
	for _, tt := range tests {
		if got := tt.table.TypeName(); got != tt.want {
			t.Errorf("TypeName of %v = %q, want %q", tt.table, got, tt.want)
		}
	}
}
