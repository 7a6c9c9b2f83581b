package joinery

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/joinery-graphql/joinery/internal/oracle"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/subgraph"
)

var (
	differentialOperations = flag.Int("differential.operations", 10_000,
		"operations of TestDifferential; a tenth with -short, a fifth under -race; -rapid.checks counts for each data set instead")
	differentialSeed = flag.Uint64("differential.seed", 1, "seed of TestDifferential's rows")
)

// dataSets are how many users each set of rows has. The other tables grow with them.
var dataSets = []int{0, 1, 2, 4, 8, 12, 20, 40}

// TestDifferential asks Joinery and package oracle the same random operations over the same random rows: query and
// mutation actions, _entities, and the tables' own fields, with all arguments, nested relationships and aggregates, as
// literals and variables, with aliases, fragments and directives. The answers must be equal.
//
// A failure is shrunk and shows the operation and both answers. To see it again, run with the -rapid.failfile that it
// names, and with the same -differential.seed.
func TestDifferential(t *testing.T) {
	setChecks(t, *differentialOperations, len(dataSets))
	for i, users := range dataSets {
		t.Run(fmt.Sprintf("users=%d", users), func(t *testing.T) {
			t.Parallel()
			s := newStudy(t, Config{MaxKeys: []int{0, 3}[i%2], Limits: subgraph.Limits{Complexity: 1 << 30}})
			s.fill(t, users, rand.New(rand.NewPCG(*differentialSeed, uint64(i))))
			rapid.Check(t, s.check)
		})
	}
}

// TestDifferentialSiblings is TestDifferential with two or three requests at once that are of one trace, and so share what they
// can. None is waited for without end: that would be an hour.
func TestDifferentialSiblings(t *testing.T) {
	setChecks(t, *differentialOperations/10, 2)
	for i, users := range []int{4, 20} {
		t.Run(fmt.Sprintf("users=%d", users), func(t *testing.T) {
			t.Parallel()
			s := newStudy(t, Config{Coalesce: time.Hour, MaxKeys: []int{0, 3}[i], Limits: subgraph.Limits{Complexity: 1 << 30}})
			s.fill(t, users, rand.New(rand.NewPCG(*differentialSeed, uint64(i))))
			rapid.Check(t, s.checkSiblings)
		})
	}
}

// TestDifferentialFound keeps what TestDifferential found once.
func TestDifferentialFound(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{
			"SIMILAR TO of citext outside the search path", `{ users(where: {handle: {_similar: "(A|c)%"}}, order_by: {id: asc}) { id } }`,
			`{"users":[{"id":2},{"id":3}]}`,
		},
		{
			"min and max of citext outside the search path", `{ users_aggregate { aggregate { min { handle } max { handle } } } }`,
			`{"users_aggregate":{"aggregate":{"min":{"handle":"a"},"max":{"handle":"C"}}}}`,
		},
		{
			"order of members in a variable's default", `query($o: [users_order_by!] = {mood: desc, id: asc}) { users(order_by: $o) { id } }`,
			`{"users":[{"id":1},{"id":3},{"id":2}]}`,
		},
		{
			"order through an object relationship with several rows", `{ users(order_by: [{like_minded: {views: asc}}, {id: asc}]) { id like_minded { id } } }`,
			`{"users":[{"id":2,"like_minded":{"id":7}},{"id":1,"like_minded":{"id":8}},{"id":3,"like_minded":{"id":8}}]}`,
		},
	}
	s := newStudy(t, Config{Limits: subgraph.Limits{Complexity: 1 << 30}})
	s.db.Exec(t, `insert into users (id, handle, mood) values (1, 'b', 'ok'), (2, 'C', 'sad'), (3, 'a', 'ok');
		insert into blog.posts (id, title, mood, views, tags) values (9, 't', 'ok', 1, '{}'), (8, 't', 'ok', 5, '{}'), (7, 't', 'sad', 2, '{}')`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if data, errs := s.ask(tt.query, "{}"); string(data) != tt.want || errs != "" {
				t.Errorf("got %s %s, want %s", data, errs, tt.want)
			}
		})
	}
}

// setChecks divides operations among data sets, unless -rapid.checks is given.
func setChecks(t *testing.T, n, sets int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	if testing.Short() {
		n /= 10
	}
	if raceDetector {
		n /= 5
	}
	if err := flag.Set("rapid.checks", strconv.Itoa((n+sets-1)/sets)); err != nil {
		t.Fatal(err)
	}
	// CI draws the same operations each time, so that it judges a change and not its luck. Elsewhere they are others
	// each time.
	if os.Getenv("CI") != "" {
		if err := flag.Set("rapid.seed", "1"); err != nil {
			t.Fatal(err)
		}
	}
}

// study is a database with what Joinery and the oracle make of it.
type study struct {
	oracle  *oracle.Database
	actions oracle.Actions
	db      *pgtest.DB
	counter *pgtest.Counter
	service *Service
	header  http.Header // of requests; nil means none
}

// newStudy starts a service on testdata/differential, with empty tables.
func newStudy(t *testing.T, c Config) *study {
	t.Helper()
	schema, err := os.ReadFile("testdata/differential/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	s := &study{db: pgtest.New(t), counter: &pgtest.Counter{}}
	s.oracle, s.actions = differentialSchema()
	s.db.Exec(t, string(schema))
	if c.Metadata == nil {
		c.Metadata = os.DirFS("testdata/differential/metadata")
	}
	c.DatabaseURL, c.queryTracer = s.db.URL, s.counter
	c.Transport, c.Introspection = roundTripper(echo), true
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s.service = startService(t, c)
	return s
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// echo is a handler that answers what its argument "answer" says.
func echo(r *http.Request) (*http.Response, error) {
	var payload struct{ Input struct{ Answer string } }
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		return nil, err
	}
	return echoAnswer(r, payload.Input.Answer)
}

func echoAnswer(r *http.Request, json string) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(json)), Request: r,
	}, nil
}

// check draws an operation and compares the answers. Then it asks the same document again with other variables: what is
// kept of the first time must not depend on them.
func (s *study) check(t *rapid.T) {
	g := &generator{T: t, study: s}
	op := g.operation()
	s.compare(t, op)
	if g.vary(op.Variables()) {
		s.compare(t, op)
	}
}

func (s *study) compare(t *rapid.T, op *oracle.Operation) {
	q := s.question(op)
	q.compare(t, s.post(bytes.NewReader(q.body())))
}

// checkSiblings draws an operation, asks it and the same with other variables, or another, at once, and compares the answers.
func (s *study) checkSiblings(t *rapid.T) {
	g := &generator{T: t, study: s}
	op := g.operation()
	questions := []question{s.question(op), s.question(op)}
	if g.vary(op.Variables()) {
		questions[1] = s.question(op)
	}
	if g.chance(30) {
		questions = append(questions, s.question(g.operation()))
	}
	var reading, answering sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, len(questions))
	begin := make(chan struct{})
	for i, q := range questions {
		reading.Add(1)
		body := &gate{entered: make(chan struct{}), opened: begin, body: bytes.NewReader(q.body())}
		answering.Go(func() {
			answers[i] = s.post(body, "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		})
		go func() {
			<-body.entered
			reading.Done()
		}()
	}
	reading.Wait()
	close(begin)
	answering.Wait()
	for i, q := range questions {
		q.compare(t, answers[i])
	}
}

// question is a request with the answer that it should have.
type question struct {
	query, variables string
	want             oracle.Object
}

func (s *study) question(op *oracle.Operation) question {
	query, variables := op.Print(s.oracle, s.actions)
	return question{query, variables, s.oracle.Answer(op, s.actions)}
}

func (q *question) body() []byte {
	text, _ := json.Marshal(q.query)
	return []byte(`{"query": ` + string(text) + `, "variables": ` + q.variables + `}`)
}

func (q *question) compare(t *rapid.T, w *httptest.ResponseRecorder) {
	data, errs := parts(w)
	difference := oracle.Diff(q.want, data)
	if errs != "" {
		difference = "errors: " + errs
	}
	if difference != "" {
		t.Fatalf("%s\n\nquery:     %s\nvariables: %s\nwant: %s\ngot:  %s", difference, q.query, q.variables, oracle.Format(q.want), data)
	}
}

// ask posts a request and returns its answer; errs is "" where it has none.
func (s *study) ask(query, variables string) (data json.RawMessage, errs string) {
	q := question{query: query, variables: variables}
	return parts(s.post(bytes.NewReader(q.body())))
}

// parts are those of an answer.
func parts(w *httptest.ResponseRecorder) (data json.RawMessage, errs string) {
	var answer struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		return nil, fmt.Sprintf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	return answer.Data, string(answer.Errors)
}

// post sends a request with further headers, names and values in turn.
func (s *study) post(body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/graphql", body)
	r.Header.Set("Content-Type", "application/json")
	maps.Copy(r.Header, s.header)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.service.ServeHTTP(w, r)
	return w
}

// differentialSchema is testdata/differential in the oracle's words.
func differentialSchema() (*oracle.Database, oracle.Actions) {
	moods := []string{"sad", "ok", "happy", "Angry"}
	users := table("users", "public", "users", "id:Bigint name:Text handle:Citext mood:Enum balance:Numeric rating:Float8 joined:Timestamptz manager_id:Bigint active:Bool doc:JSONB tags:TextArray level:Level", moods)
	posts := table("blog_posts", "blog", "posts", "id:Int authorId:Bigint title:Text weird:Text mood:Enum score:Numeric views:Bigint published:Timestamptz day:Date doc:JSONB tags:TextArray", moods)
	posts.Columns[1].SQL, posts.Columns[3].SQL = `"user_id"`, `"Weird ""col"`
	posts.Select, posts.SelectByPK, posts.SelectAggregate = "articles", "article", "articles_summary"
	comments := table("comments", "public", "comments", "id:UUID post_id:Int author_id:Bigint parent_id:UUID body:Text at:Timestamptz likes:Int", nil)
	tags := table("Tag", "public", "tags", "name:Citext about:Text", nil)
	taggings := table("taggings", "public", "taggings", "post_id:Int tag:Citext place:Int day:Date", nil)
	editions := table("editions", "public", "editions", "post_id:Int lang:Text title:Text price:Numeric", nil)
	notes := table("notes", "public", "notes", "id:Int post_id:Int lang:Text body:Text weight:Real", nil)
	stats := table("blog_stats", "blog", "stats", "user_id:Bigint posts:Int top:Numeric first:Timestamptz", nil)
	users.Columns[11].Labels = []string{"high", "low", "mid"}
	computed(users, "debt:Numeric", func(r *oracle.Row) oracle.Value {
		if r.Cells[4] == nil {
			return nil
		}
		return new(big.Rat).Neg(r.Cells[4].(*big.Rat))
	})
	computed(posts, "headline:Text", func(r *oracle.Row) oracle.Value {
		if r.Cells[6] == nil {
			return r.Cells[2].(string) + ": none"
		}
		return r.Cells[2].(string) + ": " + r.Cells[6].(*big.Rat).RatString()
	})
	keys(users, "id", "handle")
	for _, t := range []*oracle.Table{posts, comments, notes} {
		keys(t, "id")
	}
	keys(tags, "name")
	keys(taggings, "post_id tag")
	keys(editions, "post_id lang")

	users.Relate("manager", false, users, "manager_id", "id")
	users.Relate("stats", false, stats, "id", "user_id")
	users.Relate("like_minded", false, posts, "mood", "mood")
	users.Relate("reports", true, users, "id", "manager_id")
	users.Relate("posts", true, posts, "id", "authorId")
	users.Relate("comments", true, comments, "id", "author_id")
	posts.Relate("author", false, users, "authorId", "id")
	posts.Relate("comments", true, comments, "id", "post_id")
	posts.Relate("taggings", true, taggings, "id", "post_id")
	posts.Relate("editions", true, editions, "id", "post_id")
	posts.Relate("same_mood", true, posts, "mood", "mood")
	comments.Relate("post", false, posts, "post_id", "id")
	comments.Relate("author", false, users, "author_id", "id")
	comments.Relate("parent", false, comments, "parent_id", "id")
	comments.Relate("replies", true, comments, "id", "parent_id")
	tags.Relate("taggings", true, taggings, "name", "tag")
	taggings.Relate("post", false, posts, "post_id", "id")
	taggings.Relate("label", false, tags, "tag", "name")
	editions.Relate("post", false, posts, "post_id", "id")
	editions.Relate("notes", true, notes, "post_id lang", "post_id lang")
	notes.Relate("edition", false, editions, "post_id lang", "post_id lang")
	stats.Relate("user", false, users, "user_id", "id")

	visit := table("Visit", "", "", "user_id:Bigint handle:Text post_id:Int lang:Text at:Timestamptz", nil)
	place := table("Place", "", "", "name:Text post_id:Int tag:Text mood:Text", nil)
	visit.Nested = []*oracle.Nested{{Name: "home", Type: place}, {Name: "places", Type: place, Depth: 1, Single: true}, {Name: "grid", Type: place, Depth: 2}}
	visit.Keys = [][]int{visit.Places("user_id handle post_id lang at")}
	place.Keys = [][]int{place.Places("post_id tag mood")}
	visit.Relate("user", false, users, "user_id", "id")
	visit.Relate("user_by_handle", false, users, "handle", "handle")
	visit.Relate("posts", true, posts, "user_id", "authorId")
	visit.Relate("edition", false, editions, "post_id lang", "post_id lang")
	visit.Relate("comments", true, comments, "post_id", "post_id")
	visit.Relate("comments_then", true, comments, "at", "at")
	place.Relate("post", false, posts, "post_id", "id")
	place.Relate("tagging", false, taggings, "post_id tag", "post_id tag")
	place.Relate("label", false, tags, "tag", "name")
	place.Relate("in_the_mood", true, posts, "mood", "mood")

	db := &oracle.Database{
		Tables: []*oracle.Table{users, posts, comments, tags, taggings, editions, notes, stats, visit, place},
		Rows:   map[*oracle.Table][]*oracle.Row{},
	}
	return db, oracle.Actions{
		"visit": {Type: visit}, "visits": {Type: visit, Depth: 1}, "visit_grid": {Type: visit, Depth: 2, Single: true}, "place": {Type: place},
		"add_visit": {Type: visit}, "add_visits": {Type: visit, Depth: 1, Single: true},
	}
}

// columnKinds are kinds by the words of [table], with their scalars.
var columnKinds = map[string]oracle.Column{
	"Int": {Kind: oracle.Int, Scalar: "Int"}, "Bigint": {Kind: oracle.Bigint, Scalar: "bigint"}, "Numeric": {Kind: oracle.Numeric, Scalar: "numeric"},
	"Float8": {Kind: oracle.Float8, Scalar: "float8"}, "Real": {Kind: oracle.Float8, Scalar: "Float"}, "Text": {Kind: oracle.Text, Scalar: "String"},
	"Citext": {Kind: oracle.Citext, Scalar: "citext"}, "Enum": {Kind: oracle.Enum, Scalar: "mood"}, "Level": {Kind: oracle.EnumTable, Scalar: "levels_enum"}, "UUID": {Kind: oracle.UUID, Scalar: "uuid"},
	"Bool": {Kind: oracle.Bool, Scalar: "Boolean"}, "Date": {Kind: oracle.Date, Scalar: "date"}, "Timestamptz": {Kind: oracle.Timestamptz, Scalar: "timestamptz"},
	"JSONB": {Kind: oracle.JSONB, Scalar: "jsonb"}, "TextArray": {Kind: oracle.TextArray, Scalar: "String"},
}

// table describes a table of columns, each NAME:KIND. Without a name in SQL it is an action's output.
func table(typ, schema, name, columns string, labels []string) *oracle.Table {
	t := &oracle.Table{Type: typ}
	if name != "" {
		t.SQL = pgx.Identifier{schema, name}.Sanitize()
		t.Select, t.SelectByPK, t.SelectAggregate = typ, typ+"_by_pk", typ+"_aggregate"
	}
	for _, text := range strings.Fields(columns) {
		column, kind, _ := strings.Cut(text, ":")
		c := columnKinds[kind]
		c.Name, c.SQL, c.Labels = column, pgx.Identifier{column}.Sanitize(), labels
		t.Columns = append(t.Columns, &c)
	}
	return t
}

// computed adds a computed field, NAME:KIND.
func computed(t *oracle.Table, column string, f func(*oracle.Row) oracle.Value) {
	c := table("", "", "", column, nil).Columns[0]
	c.Computed = f
	t.Columns = append(t.Columns, c)
}

// keys sets what a table is identified by, the primary key first.
func keys(t *oracle.Table, names ...string) {
	for _, n := range names {
		t.Keys = append(t.Keys, t.Places(n))
	}
	t.PrimaryKey = t.Keys[0]
}

// fill makes random rows and gives them to Postgres, too.
func (s *study) fill(t *testing.T, users int, r *rand.Rand) {
	t.Helper()
	f := &filler{Rand: r, study: s}
	f.users(users)
	f.rest(users)
	for _, table := range s.oracle.Tables {
		compute(table, s.oracle.Rows[table])
		if table.Output() || table.Type == "blog_stats" || len(s.oracle.Rows[table]) == 0 {
			continue
		}
		rows := slices.Clone(s.oracle.Rows[table])
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] }) // what happens to be in order must not pass
		s.db.Exec(t, insert(table, rows))
	}
	s.db.Exec(t, "ANALYZE")
	s.stats()
}

// compute fills in computed fields.
func compute(t *oracle.Table, rows []*oracle.Row) {
	for i, c := range t.Columns {
		for _, row := range rows {
			if c.Computed != nil {
				row.Cells[i] = c.Computed(row)
			}
		}
	}
}

func insert(t *oracle.Table, rows []*oracle.Row) string {
	var names []string
	for _, c := range t.Columns {
		if c.Computed == nil {
			names = append(names, c.SQL)
		}
	}
	values := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(names)) // computed fields come last
		for j, c := range t.Columns[:len(names)] {
			cells[j] = "NULL"
			if row.Cells[j] != nil {
				cells[j] = "'" + strings.ReplaceAll(c.Text(row.Cells[j]), "'", "''") + "'"
			}
		}
		values[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return "INSERT INTO " + t.SQL + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Join(values, ",\n")
}

// stats are the rows of the view blog.stats.
func (s *study) stats() {
	posts, stats := s.oracle.Tables[1], s.oracle.Tables[7]
	byUser := map[string]*oracle.Row{}
	for _, post := range s.oracle.Rows[posts] {
		user, score, published := post.Cells[1], post.Cells[5], post.Cells[7]
		if user == nil {
			continue
		}
		row := byUser[user.(*big.Rat).String()]
		if row == nil {
			row = &oracle.Row{Cells: []oracle.Value{user, new(big.Rat), nil, nil}}
			byUser[user.(*big.Rat).String()] = row
			s.oracle.Rows[stats] = append(s.oracle.Rows[stats], row)
		}
		row.Cells[1] = new(big.Rat).Add(row.Cells[1].(*big.Rat), big.NewRat(1, 1))
		if score != nil && (row.Cells[2] == nil || score.(*big.Rat).Cmp(row.Cells[2].(*big.Rat)) > 0) {
			row.Cells[2] = score
		}
		if published != nil && (row.Cells[3] == nil || published.(time.Time).Before(row.Cells[3].(time.Time))) {
			row.Cells[3] = published
		}
	}
}
