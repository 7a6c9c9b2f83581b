package e2e

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/supergraph"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

// TestFour asks a supergraph of four subgraphs that extend each other's entities: two Joineries (people and catalog), one
// on Apollo Server (reviews), and the Auth0 profile subgraph. What is in testdata/four/operations has the same answer
// through both routers.
func TestFour(t *testing.T) {
	if testing.Short() {
		t.Skip("starts routers and Node")
	}
	f := newFour(t)
	behindRouters(t, supergraph.RouterOptions{Supergraph: f.supergraph, Config: filepath.Join(f.dir, "router.yaml"), Env: f.env}, f.ask)
}

const tokenKey = "key-of-32-characters-for-tests.."

// four is the supergraph.
type four struct {
	dir        string   // of what it is made of
	supergraph string   // file
	env        []string // what routers are to know: the subgraphs' secrets
	people     *pgxpool.Pool
	handlers   *fourHandlers
	log        requestLog
	statements map[string]*tracetest.SpanRecorder // of the Joineries
}

func newFour(t *testing.T) *four {
	t.Helper()
	f := &four{dir: filepath.Join("testdata", "four"), statements: map[string]*tracetest.SpanRecorder{}}
	people, catalog, legacy := f.database(t, "people/schema.sql"), f.database(t, "catalog/schema.sql"), f.database(t, "catalog/legacy.sql")
	f.people = people.Pool(t)
	f.handlers = &fourHandlers{people: f.people}
	config := &supergraph.Config{}
	for _, s := range []struct {
		name string
		add  func(*testing.T, string) http.Handler
	}{
		{"people", f.joinery(map[string]string{"DATABASE_URL": people.URL})},
		{"catalog", f.joinery(map[string]string{"CATALOG_URL": catalog.URL, "LEGACY_URL": legacy.URL})},
		{"reviews", f.reviews},
		{"auth0", f.auth0},
	} {
		handler := s.add(t, s.name)
		at := fedtest.Serve(t, f.log.wrap(s.name, handler)) + "/graphql"
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{Name: s.name, RoutingURL: at, Schema: supergraph.Schema{URL: at, Headers: map[string]string{
			"router-authorization": secretOf(s.name), "authorization": "Bearer " + fourToken(t, "admin", ""),
		}}})
	}
	f.env = []string{"PEOPLE_ROUTER_SECRET=" + secretOf("people"), "CATALOG_ROUTER_SECRET=" + secretOf("catalog"), "AUTH0PROFILE_ROUTER_SECRET=" + secretOf("auth0")}
	f.supergraph = fedtest.Compose(t, config)
	return f
}

func (f *four) database(t *testing.T, schema string) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	db.ExecFile(t, filepath.Join(f.dir, schema))
	return db
}

func secretOf(subgraph string) string { return "secret-of-" + subgraph }

// joinery makes a subgraph of the folder of its name.
func (f *four) joinery(env map[string]string) func(*testing.T, string) http.Handler {
	return func(t *testing.T, name string) http.Handler {
		t.Helper()
		secret, err := auth.ParseJWTSecret(fmt.Sprintf(`{"type": "HS256", "key": %q}`, tokenKey))
		if err != nil {
			t.Fatal(err)
		}
		spans := tracetest.NewSpanRecorder()
		f.statements[name] = spans
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
		return fedtest.Joinery(t, joinery.Config{
			Metadata: os.DirFS(filepath.Join(f.dir, name)), Transport: handlerFunc(f.handlers.answer), TracerProvider: provider, Log: slog.New(slog.DiscardHandler),
			Auth:      auth.Config{RouterSecrets: []string{secretOf(name)}, JWTSecrets: []*auth.JWTSecret{secret}},
			LookupEnv: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		})
	}
}

// reviews is the subgraph on Apollo Server.
func (f *four) reviews(t *testing.T, name string) http.Handler {
	t.Helper()
	at, err := url.Parse(fedtest.Node(t, filepath.Join(f.dir, "reviews.mjs"))[name])
	if err != nil {
		t.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(at)
}

// auth0 is the Auth0 profile subgraph, which may not show pictures.
func (f *four) auth0(t *testing.T, name string) http.Handler {
	t.Helper()
	file, err := os.Open(filepath.Join(f.dir, "auth0.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	users, err := auth0standin.ReadUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := auth0standin.New(auth0standin.Options{Users: users, ClientID: "id", ClientSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := auth0profile.New(auth0profile.Config{
		Domain: fedtest.Serve(t, tenant), ClientID: "id", ClientSecret: "secret", RouterSecret: secretOf(name), Logger: slog.New(slog.DiscardHandler),
		Fields: slices.DeleteFunc(auth0profile.ProfileFields(), func(field string) bool { return field == "picture" }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// requestLog are the subgraphs that were asked, in order.
type requestLog struct {
	mu    sync.Mutex
	asked []string
}

func (l *requestLog) wrap(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.asked = append(l.asked, name)
		l.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// take returns what was asked since the last time.
func (l *requestLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	return asked
}

// fourToken is a user's, who has one role.
func fourToken(t *testing.T, role, user string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"exp":                          time.Now().Add(time.Hour).Unix(),
		"https://hasura.io/jwt/claims": map[string]any{"x-hasura-default-role": role, "x-hasura-allowed-roles": []string{role}, "x-hasura-user-id": user},
	}).SignedString([]byte(tokenKey))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask asks every operation through a router.
func (f *four) ask(t *testing.T, router, url string) {
	archives := testkit.Archives(t, filepath.Join(f.dir, "operations", "*.txtar"))
	if len(archives) < 40 {
		t.Fatalf("%d operations, want 40", len(archives))
	}
	for _, archive := range archives {
		o := readOperation(t, archive, router)
		t.Run(o.name, func(t *testing.T) { f.check(t, o, url) })
	}
}

// fourOperation is a file of operations/: what is asked, by whom, and the answer. What a router answers in another way has
// a file of its own, answer.ROUTER.json, and a reason in the comment.
type fourOperation struct {
	name, query, variables string
	headers                []string
	answer                 string
	requests               string // lines of subgraph and number; or the subgraphs in order; "" means that they don't matter
	statements             string // of the Joineries, lines of subgraph and number; likewise
}

func readOperation(t *testing.T, archive testkit.Archive, router string) *fourOperation {
	t.Helper()
	o := &fourOperation{name: archive.Name, variables: "null"}
	caller, own := "admin", ""
	for _, file := range archive.Files {
		text := strings.TrimSpace(string(file.Data))
		switch file.Name {
		case "operation.graphql":
			o.query = text
		case "variables.json":
			o.variables = text
		case "caller":
			caller = text
		case "headers":
			for line := range strings.Lines(text) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				o.headers = append(o.headers, name, value)
			}
		case "answer.json":
			o.answer = text
		case "answer." + router + ".json":
			own = text
		case "answer.apollo-gateway.json", "answer.hive-gateway.json": // of another one
		case "requests":
			o.requests = text
		case "statements":
			o.statements = text
		default:
			t.Fatalf("%s: unknown file %s", archive.Path, file.Name)
		}
	}
	if own != "" {
		if cmp.Equal(answerOf(t, own), answerOf(t, o.answer)) {
			t.Errorf("%s: %s answers as others do", archive.Path, router)
		}
		o.answer = own
	}
	if !strings.HasPrefix(router, "apollo-") { // others plan in other ways
		o.requests, o.statements = "", ""
	}
	if role, user, _ := strings.Cut(caller, " "); role != "nobody" {
		o.headers = append(o.headers, "Authorization", "Bearer "+fourToken(t, role, user))
	}
	return o
}

func (f *four) check(t *testing.T, o *fourOperation, router string) {
	f.handlers.reset(t)
	f.log.take()
	for _, s := range f.statements {
		s.Reset()
	}
	got := fedtest.Ask(t, router, o.query, o.variables, o.headers...)
	if diff := cmp.Diff(answerOf(t, o.answer), answerOf(t, got)); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, got)
	}
	asked := f.log.take()
	if strings.Contains(o.requests, " ") || o.requests == "" {
		checkCounts(t, "requests", o.requests, asked)
	} else if order := strings.Join(asked, "\n"); order != o.requests {
		t.Errorf("requests:\n%s\nwant:\n%s", order, o.requests)
	}
	var sent []string
	for name, spans := range f.statements {
		for _, span := range spans.Ended() {
			for _, a := range span.Attributes() {
				if a.Key == "db.query.text" {
					sent = append(sent, name)
				}
			}
		}
	}
	checkCounts(t, "statements", o.statements, sent)
}

// checkCounts compares how often each name is there with lines of name and number.
func checkCounts(t *testing.T, what, want string, names []string) {
	t.Helper()
	if want == "" {
		return
	}
	counts := map[string]int{}
	for _, name := range names {
		counts[name]++
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// fourAnswer is what of an answer routers agree on.
type fourAnswer struct {
	Data   any
	Errors []fourError
}

type fourError struct {
	Path          []any
	Code, Message string
}

// answerOf reads an answer. Routers differ in the order of errors, and in what else they tell of them.
func answerOf(t *testing.T, text string) fourAnswer {
	t.Helper()
	var answer struct {
		Data   any
		Errors []struct {
			Message    string
			Path       []any
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out := fourAnswer{Data: answer.Data}
	for _, e := range answer.Errors {
		out.Errors = append(out.Errors, fourError{e.Path, e.Extensions.Code, e.Message})
	}
	slices.SortFunc(out.Errors, func(a, b fourError) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}
