package joinery

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/joinery-graphql/joinery/internal/oracle"
)

var permissionOperations = flag.Int("permissions.operations", 10_000,
	"operations of TestPermissionsDifferential; a tenth with -short, a fifth under -race; -rapid.checks counts for each data set instead")

// permissionRoles are how many roles each data set has, each with filters of its own.
const permissionRoles = 24

// TestPermissionsDifferential has two Joineries answer the same random operations over the same random rows. One is
// asked as a role whose permissions have random filters. The other one is asked as the admin, but reads as a role of
// Postgres with row-level security, whose policies say the same in SQL written by hand, of the session in hasura.user.
// The answers must be equal, whatever the way to the rows.
func TestPermissionsDifferential(t *testing.T) {
	sets := dataSets[2:] // the first have hardly any rows to filter
	setChecks(t, *permissionOperations, len(sets))
	for i, users := range sets {
		t.Run(fmt.Sprintf("users=%d", users), func(t *testing.T) {
			t.Parallel()
			s := newPermissionStudy(t, users, rand.New(rand.NewPCG(*differentialSeed, uint64(i))))
			rapid.Check(t, s.check)
		})
	}
}

// permissionStudy is a database with the two Joineries.
type permissionStudy struct {
	*study           // asked as a role
	secured *Service // asked as the admin, under row-level security
	as      atomic.Pointer[asRole]
	failed  atomic.Pointer[error]              // to become it
	rules   map[string]map[*oracle.Table]*rule // by role
	roles   []string                           // of Postgres, by the same numbers as Joinery's
}

// asRole is whose statements a secured connection sends: a role of Postgres and the session variables.
type asRole struct {
	role    string
	session string // JSON
}

func newPermissionStudy(t *testing.T, users int, r *rand.Rand) *permissionStudy {
	s := &permissionStudy{study: newStudy(t, Config{}), rules: map[string]map[*oracle.Table]*rule{}}
	s.fill(t, users, r)
	sql := s.rawSchema()
	for i := range permissionRoles {
		sql += s.addRole(fmt.Sprint("role", i), r)
	}
	t.Cleanup(func() {
		all := strings.Join(s.roles, ", ")
		s.db.Exec(cleanup{t}, fmt.Sprintf("DROP OWNED BY %s; DROP ROLE %s", all, all))
	})
	s.db.Exec(t, sql)
	config := Config{
		Metadata: s.metadata(t), DatabaseURL: s.db.URL, Transport: roundTripper(echo),
	}
	s.service = startService(t, config)
	config.Metadata, config.queryTracer = os.DirFS("testdata/differential/metadata"), s
	s.secured = startService(t, config)
	return s
}

// rawSchema has views of all tables that row-level security doesn't bind, for the policies' own subqueries: within a
// filter, permissions on the tables that it passes through don't count.
func (s *permissionStudy) rawSchema() string {
	var sql strings.Builder
	sql.WriteString("CREATE SCHEMA raw;\n")
	for _, t := range s.tables() {
		fmt.Fprintf(&sql, "CREATE VIEW %s AS SELECT * FROM %s;\n", rawName(t), t.SQL)
		if t.Type != "blog_stats" { // a view
			fmt.Fprintf(&sql, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n", t.SQL)
		}
	}
	return sql.String()
}

func rawName(t *oracle.Table) string { return `raw."` + t.Type + `"` }

// tables are those of the database.
func (s *permissionStudy) tables() []*oracle.Table { return s.oracle.Tables[:8] }

// addRole draws the filters of a role, and returns SQL that makes its policies.
func (s *permissionStudy) addRole(name string, r *rand.Rand) string {
	pgRole := s.db.Name[:min(len(s.db.Name), 24)] + "_" + name
	s.roles = append(s.roles, pgRole)
	s.rules[name] = map[*oracle.Table]*rule{}
	var sql strings.Builder
	fmt.Fprintf(&sql, "CREATE ROLE %[1]s; GRANT USAGE ON SCHEMA public, blog, ext, raw TO %[1]s;\n", pgRole)
	fmt.Fprintf(&sql, "GRANT SELECT ON ALL TABLES IN SCHEMA public, blog, raw TO %s; SET search_path = public, blog, ext;\n", pgRole)
	for _, table := range s.tables() {
		rule := &rule{yaml: map[string]any{}, sql: "true"}
		if table.Type != "blog_stats" {
			w := &ruleWriter{Rand: r, study: s.study, root: table, rootRow: table.SQL[strings.LastIndex(table.SQL, ".")+1:]}
			rule = w.rule(table, w.rootRow, 3)
			fmt.Fprintf(&sql, "CREATE POLICY %s ON %s FOR SELECT TO %s USING (%s);\n", name, table.SQL, pgRole, rule.sql)
		}
		s.rules[name][table] = rule
	}
	return sql.String()
}

// cleanup is a test whose context still serves in Cleanup.
type cleanup struct{ *testing.T }

func (c cleanup) Context() context.Context { return context.WithoutCancel(c.T.Context()) }

// metadata is testdata/differential/metadata with the roles' permissions.
func (s *permissionStudy) metadata(t *testing.T) fs.FS {
	t.Helper()
	return withPermissions(t, slices.Sorted(maps.Keys(s.rules)), func(role, table string) map[string]any {
		for of, rule := range s.rules[role] {
			if of.SQL == table {
				return map[string]any{"filter": rule.yaml}
			}
		}
		return nil
	})
}

// withPermissions is testdata/differential/metadata with permissions of all columns and aggregates for some roles. The
// rest of a permission, with at least its filter, is given by role and quoted table; nil means none.
func withPermissions(t *testing.T, roles []string, permission func(role, table string) map[string]any) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	dir := os.DirFS("testdata/differential/metadata")
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, path)
		out[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const tablesFile = "databases/default/tables/tables.yaml"
	var tables []map[string]any
	change(t, out[tablesFile], &tables, func() {
		for _, table := range tables {
			named, ok := table["table"].(map[string]any)
			if !ok {
				continue // the enum
			}
			name := pgx.Identifier{named["schema"].(string), named["name"].(string)}.Sanitize()
			table["select_permissions"] = selectPermissions(table, roles, func(role string) map[string]any { return permission(role, name) })
		}
	})
	var actions struct {
		Actions     []map[string]any `yaml:"actions" json:"actions"`
		CustomTypes any              `yaml:"custom_types" json:"custom_types"`
	}
	change(t, out["actions.yaml"], &actions, func() {
		for _, action := range actions.Actions {
			var permissions []any
			for _, role := range roles {
				permissions = append(permissions, map[string]any{"role": role})
			}
			action["permissions"] = permissions
		}
	})
	return out
}

func selectPermissions(table map[string]any, roles []string, permission func(role string) map[string]any) []any {
	var computed []any
	fields, _ := table["computed_fields"].([]any)
	for _, f := range fields {
		computed = append(computed, f.(map[string]any)["name"])
	}
	out := []any{}
	for _, role := range roles {
		p := permission(role)
		if p == nil {
			continue
		}
		all := map[string]any{"columns": "*", "computed_fields": computed, "allow_aggregations": true}
		maps.Copy(all, p)
		out = append(out, map[string]any{"role": role, "permission": all})
	}
	return out
}

// change decodes a YAML file, and writes it again, as JSON, which is YAML.
func change(t *testing.T, f *fstest.MapFile, into any, edit func()) {
	t.Helper()
	if err := yaml.Unmarshal(f.Data, into); err != nil {
		t.Fatal(err)
	}
	edit()
	data, err := json.Marshal(into)
	if err != nil {
		t.Fatal(err)
	}
	f.Data = data
}

// TraceQueryStart makes the connection's statement one of the session's, see asRole.
func (s *permissionStudy) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if as := s.as.Load(); as != nil {
		sql := fmt.Sprintf("SET ROLE %s; SELECT set_config('hasura.user', %s, false)", as.role, literal(as.session))
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			s.failed.Store(&err)
		}
	}
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (s *permissionStudy) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// check draws a role, a session and an operation, and compares the answers.
func (s *permissionStudy) check(t *rapid.T) {
	g := &generator{T: t, study: s.study}
	role := g.n(permissionRoles - 1)
	session := g.session()
	session["x-hasura-role"] = fmt.Sprint("role", role)
	variables, _ := json.Marshal(session)
	s.as.Store(&asRole{s.roles[role], string(variables)})
	query, values := g.operation().Print(s.oracle, s.actions)
	got, want := s.askAs(s.service, session, query, values), s.askAs(s.secured, nil, query, values)
	if err := s.failed.Load(); err != nil {
		t.Fatal(*err)
	}
	if difference := differ(want, got, "$"); difference != "" {
		t.Fatalf("%s\n\nquery:     %s\nvariables: %s\nsession:   %s\nfilters:   %s\nwant: %s\ngot:  %s",
			difference, query, values, variables, s.describe(session["x-hasura-role"]), text(want), text(got))
	}
}

func (s *permissionStudy) askAs(service *Service, session map[string]string, query, variables string) any {
	document, _ := json.Marshal(query)
	header := http.Header{}
	for name, value := range session {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	header.Set("Content-Type", "application/json")
	body := strings.NewReader(`{"query": ` + string(document) + `, "variables": ` + variables + `}`)
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/graphql", body)
	r.Header = header
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	dec := json.NewDecoder(w.Body)
	dec.UseNumber()
	var answer any
	if err := dec.Decode(&answer); err != nil {
		return err.Error()
	}
	return answer
}

func (s *permissionStudy) describe(role string) string {
	var out []string
	for _, t := range s.tables() {
		out = append(out, t.Type+": "+text(s.rules[role][t].yaml))
	}
	return strings.Join(out, "\n           ")
}

func text(v any) string {
	out, _ := json.Marshal(v)
	return string(out)
}

// differ says where two answers differ. Floats may differ in their last digits: sums depend on the order of rows. So does
// which of several equal values is the least.
func differ(want, got any, at string) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %s, got %s", at, text(want), text(got))
		}
		for _, name := range slices.Sorted(maps.Keys(w)) {
			if d := differ(w[name], g[name], at+"."+name); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: want %s, got %s", at, text(want), text(got))
		}
		for i := range w {
			if d := differ(w[i], g[i], fmt.Sprintf("%s[%d]", at, i)); d != "" {
				return d
			}
		}
		return ""
	case json.Number:
		if g, ok := got.(json.Number); ok && (w == g || nearly(w, g)) {
			return ""
		}
	case string:
		if g, ok := got.(string); ok && (w == g || sameTag(w, g)) {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", at, text(want), text(got))
}

// sameTag reports whether two texts are a tag, which is a citext: of those that are equal, any can be the least.
func sameTag(a, b string) bool {
	return strings.EqualFold(a, b) && slices.ContainsFunc(someTags, func(tag string) bool { return strings.EqualFold(a, tag) })
}

func nearly(a, b json.Number) bool {
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && strings.Contains(string(a), ".") && max(x-y, y-x) <= 1e-9*max(x, -x, 1)
}

// session draws session variables: a value and an array of each kind that filters compare with.
func (g *generator) session() map[string]string {
	out := map[string]string{}
	for _, kind := range slices.Sorted(maps.Keys(columnKinds)) {
		c := columnKinds[kind]
		c.Labels = labelsOf(&c)
		name := "x-hasura-" + strings.ToLower(kind)
		var elements []string
		for i := range 1 + g.n(2) {
			value := c.Text(c.Parse(g.value(&c)))
			if i == 0 {
				out[name] = value
			}
			elements = append(elements, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
		}
		out[name+"-list"] = "{" + strings.Join(elements, ",") + "}"
	}
	return out
}

func labelsOf(c *oracle.Column) []string {
	if c.Kind == oracle.EnumTable {
		return []string{"low", "mid", "high"}
	}
	return []string{"sad", "ok", "happy", "Angry"}
}
