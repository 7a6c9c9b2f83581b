package subgraph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/subgraph"
)

func TestRequests(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	const answer = `{"data":{"__typename":"Query"}}`
	badRequest := func(message string) string {
		return fmt.Sprintf(`{"errors":[{"message":%q,"extensions":{"code":"bad-request"}}]}`, message)
	}
	notRequest := func(message string) string {
		return badRequest("request body is not a GraphQL request: " + message)
	}
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"query", `{"query":"{ __typename }"}`, 200, answer},
		{"white space", " \n{ \"query\" :\t\"{ __typename }\" } ", 200, answer},
		{"nulls", `{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null}`, 200, answer},
		{"empty variables", `{"query":"{ __typename }","variables":{},"extensions":{}}`, 200, answer},
		{"unknown members", `{"id":[1,{"a":2}],"query":"{ __typename }"}`, 200, answer},
		{"escaped members", `{"\u0071uery":"{ \u005f_typename }"}`, 200, answer},
		{"empty body", ``, 400, notRequest("unexpected end of JSON")},
		{"white space alone", "  ", 400, notRequest("unexpected end of JSON")},
		{"broken", `{"query":"{ __typename }"`, 400, notRequest("unexpected end of JSON")},
		{"broken in the middle", `{"query":"{ __typename }",]`, 400, notRequest("invalid JSON at byte 25")},
		{"no JSON", `query { secret }`, 400, notRequest("invalid JSON at byte 0")},
		{"not UTF-8", "{\"query\":\"{ \xff }\"}", 400, notRequest("invalid JSON at byte 12")},
		{"duplicate member", `{"query":"{ __typename }","query":"{ a }"}`, 400, notRequest("duplicate name of a member at byte 26")},
		{"trailing data", `{"query":"{ __typename }"}{}`, 400, notRequest("unexpected data after the JSON object")},
		{"list", `[{"query":"{ __typename }"}]`, 400, notRequest("expecting a JSON object")},
		{"null", `null`, 400, notRequest("expecting a JSON object")},
		{"query is a number", `{"query":7}`, 400, notRequest(`"query" must be a string`)},
		{"query is an object", `{"query":{"a":1}}`, 400, notRequest(`"query" must be a string`)},
		{"operationName is a list", `{"query":"{ __typename }","operationName":[]}`, 400, notRequest(`"operationName" must be a string`)},
		{"variables are a list", `{"query":"{ __typename }","variables":[1]}`, 400, notRequest(`"variables" must be an object`)},
		{"variables are text", `{"query":"{ __typename }","variables":"{}"}`, 400, notRequest(`"variables" must be an object`)},
		{"extensions are a list", `{"query":"{ __typename }","extensions":[1]}`, 400, notRequest(`"extensions" must be an object`)},
		{
			"deep", `{"query":"{ __typename }","variables":{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`, 400,
			notRequest("invalid JSON at byte 10041"),
		},

		{"no query", `{}`, 200, `{"errors":[{"message":"no operation provided","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`},
		{
			"fragments only", `{"query":"fragment f on Query { __typename }"}`, 200,
			`{"errors":[{"message":"no operation provided","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		{
			"broken query", `{"query":"{ __typename"}`, 200,
			`{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":13}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`,
		},
		{"operation by name", `{"query":"query A { a: __typename } query B { b: __typename }","operationName":"B"}`, 200, `{"data":{"b":"Query"}}`},
		{
			"no name among several", `{"query":"query A { a: __typename } query B { b: __typename }"}`, 200,
			`{"errors":[{"message":"missing operationName: the document has several operations","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		{
			"unknown operation", `{"query":"query A { a: __typename }","operationName":"Z"}`, 200,
			`{"errors":[{"message":"operation Z not found","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		{"empty operation name", `{"query":"query A { a: __typename }","operationName":""}`, 200, `{"data":{"a":"Query"}}`},
		{
			"subscription", `{"query":"subscription { echo }"}`, 200,
			`{"errors":[{"message":"Schema does not support operation type \"subscription\"","locations":[{"line":1,"column":1}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
		{
			"mutation without mutations", `{"query":"mutation { echo }"}`, 200,
			`{"errors":[{"message":"Schema does not support operation type \"mutation\"","locations":[{"line":1,"column":1}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := do(h, newRequest(t, c.body))
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			wantJSON(t, w.Body.String(), c.want)
		})
	}
}

func TestTokenLimit(t *testing.T) {
	h := (&fixture{files: echoFiles, options: subgraph.Options{Limits: subgraph.Limits{Tokens: 10}}}).handler(t)
	wantJSON(t, post(t, h, body(`{ __typename }`, "")), `{"data":{"__typename":"Query"}}`)
	if got := post(t, h, body(`{ `+strings.Repeat("__typename ", 11)+`}`, "")); !strings.Contains(got, "document has more than 10 tokens") {
		t.Errorf("got %s", got)
	}
}

func TestMethodsAndContentTypes(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	const query = `{"query":"{ __typename }"}`
	for _, c := range []struct {
		method, contentType string
		status              int
	}{
		{http.MethodPost, "application/json", 200},
		{http.MethodPost, "application/json; charset=utf-8", 200},
		{http.MethodPost, "Application/JSON", 200},
		{http.MethodPost, "", 415},
		{http.MethodPost, "text/plain", 415},
		{http.MethodPost, "application/x-www-form-urlencoded", 415},
		{http.MethodPost, "multipart/form-data; boundary=x", 415},
		{http.MethodPost, "application/graphql", 415},
		{http.MethodPost, "application/json;;", 415},
		{http.MethodGet, "application/json", 405},
		{http.MethodPut, "application/json", 405},
		{http.MethodOptions, "", 405},
	} {
		t.Run(c.method+" "+c.contentType, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/graphql?query={__typename}", strings.NewReader(query))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			w := do(h, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if allow := w.Header().Get("Allow"); (c.status == 405) != (allow == "POST") {
				t.Errorf("Allow: %q", allow)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type: %q", got)
			}
		})
	}
}

// TestAccept follows GraphQL over HTTP: a request that isn't executed is 400 only for clients that take the new media
// type alone. Hasura and older clients expect 200.
func TestAccept(t *testing.T) {
	h := (&fixture{files: echoFiles}).handler(t)
	for _, c := range []struct {
		name, accept, wantType string
		wantFailed             int
	}{
		{"nothing", "", "application/json", 200},
		{"anything", "*/*", "application/json", 200},
		{"old", "application/json", "application/json", 200},
		{"new", "application/graphql-response+json", "application/graphql-response+json", 400},
		{"new with parameters", "application/graphql-response+json; charset=utf-8", "application/graphql-response+json", 400},
		{"router", "application/json, application/graphql-response+json", "application/json", 200},
		{"new first", "application/graphql-response+json, application/json;q=0.9", "application/json", 200},
		{"neither", "text/html", "application/json", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			for body, status := range map[string]int{
				`{"query":"{ __typename }"}`: 200, `{"query":"{ nope }"}`: c.wantFailed, `{"query":"{"}`: c.wantFailed, `{`: 400,
			} {
				r := newRequest(t, body)
				r.Header.Set("Accept", c.accept)
				w := do(h, r)
				if w.Code != status || w.Header().Get("Content-Type") != c.wantType {
					t.Errorf("%s: %d %s, want %d %s", body, w.Code, w.Header().Get("Content-Type"), status, c.wantType)
				}
			}
		})
	}
}

func gzipped(t *testing.T, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// TestBodies goes through a real server: only there bodies are chunked.
func TestBodies(t *testing.T) {
	const limit = 1000
	server := httptest.NewServer((&fixture{files: echoFiles, options: subgraph.Options{Limits: subgraph.Limits{BodyBytes: limit}}}).handler(t))
	t.Cleanup(server.Close)
	fill := func(n int) string {
		text := `{"query":"{ __typename }","operationName":""}`
		return strings.Replace(text, `""`, `"`+strings.Repeat(" ", n-len(text))+`"`, 1)
	}
	notFound := `{"errors":[{"message":"operation ` // the name that fills the body
	packed := gzipped(t, `{"query":"{ __typename }"}`).String()
	for _, c := range []struct {
		name     string
		body     string
		encoding string
		chunked  bool
		status   int
		want     string // how the answer begins
	}{
		{"at the limit", fill(limit), "", false, 200, notFound},
		{"over the limit", fill(limit + 1), "", false, 413, `{"errors":[{"message":"request body is larger than 1000 bytes"`},
		{"chunked", `{"query":"{ __typename }"}`, "", true, 200, `{"data":`},
		{"chunked over the limit", fill(limit + 1), "", true, 413, `{"errors":[{"message":"request body is larger than 1000 bytes"`},
		{"gzip", packed, "gzip", false, 200, `{"data":`},
		{"gzip in capitals", packed, "GZIP", false, 200, `{"data":`},
		{"gzip chunked", packed, "gzip", true, 200, `{"data":`},
		{"gzip at the limit", gzipped(t, fill(limit)).String(), "gzip", false, 200, notFound},
		{"gzip over the limit", gzipped(t, fill(limit+1)).String(), "gzip", true, 413, `{"errors":[{"message":"request body is larger than 1000 bytes"`},
		{"gzip bomb", gzipped(t, strings.Repeat(" ", 300_000)).String(), "gzip", true, 413, `{"errors":[{"message":"request body is larger than 1000 bytes"`},
		{"gzip cut off", packed[:len(packed)-6], "gzip", false, 400, `{"errors":[{"message":"request body could not be read"`},
		{"no gzip", `{"query":"{ __typename }"}`, "gzip", false, 400, `{"errors":[{"message":"request body could not be read"`},
		{"identity", `{"query":"{ __typename }"}`, "identity", false, 200, `{"data":`},
		{"other encoding", `{"query":"{ __typename }"}`, "br", false, 400, `{"errors":[{"message":"request body could not be read"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var reader io.Reader = strings.NewReader(c.body)
			if c.chunked {
				reader = struct{ io.Reader }{reader} // its length is unknown
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, reader)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != c.status || !strings.HasPrefix(string(text), c.want) {
				t.Errorf("%d %.100s, want %d %s", response.StatusCode, text, c.status, c.want)
			}
		})
	}
}

func TestPersistedQueries(t *testing.T) {
	h := (&fixture{files: sourceMetadata + "- table: {schema: public, name: users}\n", sql: `create table users (id int primary key); insert into users values (1)`}).handler(t)
	query := `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on users { id } } }`
	sum := sha256.Sum256([]byte(query))
	hash := hex.EncodeToString(sum[:])
	request := func(query, hash string) string {
		return fmt.Sprintf(`{%s"variables":{"representations":[{"__typename":"users","id":"1"}]},"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, query, hash)
	}
	withQuery := fmt.Sprintf(`"query":%q,`, query)
	wantJSON(t, post(t, h, request("", hash)), `{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]}`)
	if got := post(t, h, request(withQuery, strings.Repeat("0", 64))); !strings.Contains(got, "provided APQ hash does not match query") {
		t.Errorf("a wrong hash got %s", got)
	}
	const answer = `{"data":{"_entities":[{"id":1}]}}`
	wantJSON(t, post(t, h, request(withQuery, hash)), answer)
	wantJSON(t, post(t, h, request("", hash)), answer)
}

func TestSetCookie(t *testing.T) {
	caller := callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
		return &actions.Answer{Output: []byte(`1`), SetCookie: []string{call.Action + "=1; HttpOnly", call.Action + "-2=2"}}, nil
	})
	files := emptyMetadata + oneHandler("a", "b") + "-- actions.graphql --\ntype Mutation { a: Int b: Int }\n"
	w := do((&fixture{files: files, caller: caller}).handler(t), newRequest(t, `{"query":"mutation { b a }"}`))
	if got, want := strings.Join(w.Header().Values("Set-Cookie"), ", "), "b=1; HttpOnly, b-2=2, a=1; HttpOnly, a-2=2"; got != want {
		t.Errorf("Set-Cookie: %s, want %s", got, want)
	}
}

// TestWhatHandlersLearn checks what is passed to the caller of actions besides the input.
func TestWhatHandlersLearn(t *testing.T) {
	var got actions.Call
	caller := callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
		got = call
		return &actions.Answer{Output: []byte(`null`)}, nil
	})
	h := (&fixture{files: echoFiles, caller: caller, options: subgraph.Options{Auth: auth.New(auth.Config{AdminSecret: "s3cret"})}}).handler(t)
	r := newRequest(t, body("query Q { e: echo(int: 1) }", ""))
	r.Host = "api.test"
	for name, value := range map[string]string{"X-Hasura-Admin-Secret": "s3cret", "X-Hasura-User-Id": "7", "X-Request-Id": "r"} {
		r.Header.Set(name, value)
	}
	wantJSON(t, do(h, r).Body.String(), `{"data":{"e":null}}`)
	if got.Action != "echo" || string(got.Input) != `{"int":1}` || got.RequestQuery != "query Q { e: echo(int: 1) }" || got.ClientHost != "api.test" ||
		got.ClientHeader.Get("X-Request-Id") != "r" || !got.Admin {
		t.Errorf("got %+v", got)
	}
	if len(got.SessionVariables) != 2 || got.SessionVariables["x-hasura-role"] != "admin" || got.SessionVariables["x-hasura-user-id"] != "7" {
		t.Errorf("session variables %v", got.SessionVariables)
	}
}

func TestAccess(t *testing.T) {
	h := (&fixture{files: echoFiles, options: subgraph.Options{Auth: auth.New(auth.Config{AdminSecret: "s3cret"})}}).handler(t)
	for _, c := range []struct {
		name, header, value string
		status              int
		want                string
	}{
		{"no secret", "", "", 401, `x-hasura-admin-secret/x-hasura-access-key required, but not found`},
		{"wrong secret", "X-Hasura-Admin-Secret", "guess", 401, `invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"`},
		{"right secret", "X-Hasura-Admin-Secret", "s3cret", 200, `{"data":`},
		{"another role", "X-Hasura-Role", "user", 401, `required, but not found`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, query := range []string{"{ __typename }", "{ _service { sdl } }", "{ __schema { types { name } } }"} {
				r := newRequest(t, body(query, ""))
				if c.header != "" {
					r.Header.Set(c.header, c.value)
				}
				w := do(h, r)
				if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
					t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.status, c.want)
				}
				if c.status == 401 && (!strings.Contains(w.Body.String(), `"code":"access-denied"`) || strings.Contains(w.Body.String(), `"data"`)) {
					t.Errorf("got %s", w.Body)
				}
			}
		})
	}
	t.Run("role without permissions", func(t *testing.T) {
		r := newRequest(t, body("{ echo }", ""))
		r.Header.Set("X-Hasura-Admin-Secret", "s3cret")
		r.Header.Set("X-Hasura-Role", "user")
		if w := do(h, r); w.Code != 200 || !strings.Contains(w.Body.String(), `"code":"permission-denied"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("before the body is read", func(t *testing.T) {
		if w := do(h, newRequest(t, "{")); w.Code != 401 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// TestErrorsKeepSecrets puts secrets wherever an error can come from.
func TestErrorsKeepSecrets(t *testing.T) {
	for _, c := range []struct {
		name   string
		caller callerFunc
		want   string
		status int
	}{
		{"error of another kind", func(context.Context, actions.Call) (*actions.Answer, error) {
			return nil, errors.New("dial secret-host:1234")
		}, `{"data":{"echo":null},"errors":[{"message":"internal error","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
		{"panic", func(context.Context, actions.Call) (*actions.Answer, error) {
			panic("secret")
		}, `{"data":{"echo":null},"errors":[{"message":"internal error","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
		{"no answer at all", func(context.Context, actions.Call) (*actions.Answer, error) {
			return nil, nil
		}, `{"data":{"echo":null},"errors":[{"message":"internal error","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
		{"action error", func(context.Context, actions.Call) (*actions.Answer, error) {
			return nil, &actions.Error{Message: "no", Extensions: map[string]any{"code": "x"}}
		}, `{"data":{"echo":null},"errors":[{"message":"no","path":["echo"],"extensions":{"code":"x"}}]}`, 200},
		{"extensions that are no JSON", func(context.Context, actions.Call) (*actions.Answer, error) {
			return nil, &actions.Error{Message: "no", Extensions: map[string]any{"code": "x", "bad": math.NaN()}}
		}, `{"data":{"echo":null},"errors":[{"message":"no","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
		{"answer that is no JSON", func(context.Context, actions.Call) (*actions.Answer, error) {
			return &actions.Answer{Output: []byte(`{"secret":`)}, nil
		}, `{"data":{"echo":null},"errors":[{"message":"internal error","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
		{"empty answer", func(context.Context, actions.Call) (*actions.Answer, error) {
			return &actions.Answer{}, nil
		}, `{"data":{"echo":null},"errors":[{"message":"internal error","path":["echo"],"extensions":{"code":"unexpected"}}]}`, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &logged{}
			h := (&fixture{files: echoFiles, caller: c.caller, options: subgraph.Options{Log: log.logger()}}).handler(t)
			for range 2 { // the process goes on
				w := do(h, newRequest(t, body("{ echo }", "")))
				if w.Code != c.status {
					t.Errorf("status %d", w.Code)
				}
				wantJSON(t, w.Body.String(), c.want)
			}
			if strings.Contains(c.want, "internal error") != strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("logged %s", log)
			}
		})
	}
}

func TestPanicsBesideActions(t *testing.T) {
	log := &logged{}
	f := &fixture{files: echoFiles, caller: callerFunc(func(context.Context, actions.Call) (*actions.Answer, error) {
		return &actions.Answer{Output: []byte(`1`)}, nil
	}), options: subgraph.Options{Log: log.logger()}}
	h := f.handler(t)
	r := newRequest(t, body("{ echo }", ""))
	r.Body = io.NopCloser(panickingReader{})
	w := do(h, r)
	if w.Code != 500 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	wantJSON(t, w.Body.String(), `{"errors":[{"message":"internal error","extensions":{"code":"unexpected"}}]}`)
	if !strings.Contains(log.String(), "secret reason") || !strings.Contains(log.String(), "panickingReader") {
		t.Errorf("the log has no reason or no stack: %s", log)
	}
	wantJSON(t, post(t, h, body("{ echo }", "")), `{"data":{"echo":1}}`)
}

type panickingReader struct{}

func (panickingReader) Read([]byte) (int, error) { panic("secret reason") }

// TestClientGone ends a request while its handler is at work.
func TestClientGone(t *testing.T) {
	arrived := make(chan struct{})
	ended := make(chan error, 1)
	caller := callerFunc(func(ctx context.Context, _ actions.Call) (*actions.Answer, error) {
		close(arrived)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	server := httptest.NewServer((&fixture{files: echoFiles, caller: caller}).handler(t))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(`{"query":"{ echo }"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() {
		<-arrived
		cancel()
	}()
	if response, err := server.Client().Do(r); err == nil {
		response.Body.Close()
		t.Fatal("the request was answered")
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the handler's context ended with %v", err)
	}
}

// TestNullScalar has an action that answers null where its type says it may not.
func TestNullScalar(t *testing.T) {
	files := emptyMetadata + oneHandler("a", "b") + "-- actions.graphql --\ntype Mutation { a: Int! b: Int }\n"
	h := (&fixture{files: files, caller: answers{"a": " null", "b": "null"}}).handler(t)
	wantJSON(t, post(t, h, body(`mutation { b }`, "")), `{"data":{"b":null}}`)
	wantJSON(t, post(t, h, body(`mutation { b x: a }`, "")),
		`{"data":null,"errors":[{"message":"Cannot return null for non-nullable field Mutation.a.","path":["x"],"extensions":{"code":"null-value"}}]}`)
}
