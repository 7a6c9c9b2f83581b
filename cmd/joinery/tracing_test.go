package main

import (
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// receiver takes traces as an OpenTelemetry collector does (OTLP 1.x over HTTP, protobuf).
type receiver struct {
	mu    sync.Mutex
	raw   []*collector.ExportTraceServiceRequest
	spans []*trace.Span
}

func newReceiver(t *testing.T) (*receiver, string) {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.take(req); err != nil {
			t.Error(err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	return r, server.URL
}

func (r *receiver) take(req *http.Request) error {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	export := &collector.ExportTraceServiceRequest{}
	if err := proto.Unmarshal(data, export); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, export)
	for _, resource := range export.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
	return nil
}

// text is everything that was received.
func (r *receiver) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, export := range r.raw {
		b.WriteString(prototext.Format(export))
	}
	return b.String()
}

// tree prints the spans of a trace, children below their parents in the order of their start.
func (r *receiver) tree(traceID string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	children := map[string][]*trace.Span{}
	for _, s := range r.spans {
		if hex.EncodeToString(s.TraceId) == traceID {
			parent := hex.EncodeToString(s.ParentSpanId)
			children[parent] = append(children[parent], s)
		}
	}
	var b strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		spans := children[parent]
		slices.SortFunc(spans, func(a, b *trace.Span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) })
		for _, s := range spans {
			fmt.Fprintf(&b, "%s%s (%s)%s\n", indent, s.Name, kind(s), status(s))
			for _, line := range attributes(s) {
				fmt.Fprintf(&b, "%s    %s\n", indent, line)
			}
			write(hex.EncodeToString(s.SpanId), indent+"  ")
		}
	}
	write(remoteParent, "")
	return b.String()
}

func kind(s *trace.Span) string {
	return strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
}

func status(s *trace.Span) string {
	if s.GetStatus().GetCode() != trace.Status_STATUS_CODE_ERROR {
		return ""
	}
	return " error: " + s.Status.Message
}

// volatile are the keys whose values differ from run to run.
var volatile = []string{"server.port", "db.namespace", "user_agent.original", "http.request.body.size", "http.response.body.size", "db.query.text"}

var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func attributes(s *trace.Span) []string {
	values := map[string]string{}
	for _, a := range s.Attributes {
		values[a.Key] = address.ReplaceAllString(value(a.Value), "127.0.0.1:PORT")
		if slices.Contains(volatile, a.Key) {
			values[a.Key] = "..."
		}
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, key+"="+values[key])
	}
	return lines
}

func value(v *common.AnyValue) string {
	switch v := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	}
	return v.String()
}

const (
	remoteTrace  = "0af7651916cd43dd8448eb211c80319c"
	remoteParent = "b7ad6b7169203331"
)

// traced runs the service with an OTLP endpoint, lets use send requests that continue a trace, stops the service, so
// that it sends what it has, and returns what came.
func traced(t *testing.T, byPath map[string]http.HandlerFunc, use func(s *serving, header ...string)) *receiver {
	t.Helper()
	r, endpoint := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	s := serve(t, map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": handlers(t, byPath), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
	use(s, "traceparent", "00-"+remoteTrace+"-"+remoteParent+"-01")
	s.stop()
	if code := <-s.exit; code != 0 {
		t.Fatalf("exit status %d: %s", code, s.log.String())
	}
	return r
}

// TestTrace: one trace, begun by the router, holds the operation, the handler's call, each join and its SQL.
func TestTrace(t *testing.T) {
	var sent string
	r := traced(t, map[string]http.HandlerFunc{
		"/create-user": func(w http.ResponseWriter, r *http.Request) {
			sent = r.Header.Get("Traceparent")
			answering(200, `{"id": 1}`)(w, r)
		},
		"/list-users": answering(200, `[{"id": 1}, {"id": 2}, {"id": 2}]`),
	}, func(s *serving, header ...string) {
		s.query(t, `mutation Create { createUser(name: "Hodor") { id user { name } } }`, header...)
		s.query(t, listUsers, header...)
	})
	golden(t, "testdata/trace.txt", r.tree(remoteTrace))

	var client string
	for _, s := range r.spans {
		if s.Name == "action.call" && client == "" {
			client = hex.EncodeToString(s.SpanId)
		}
	}
	if want := "00-" + remoteTrace + "-" + client + "-01"; sent != want {
		t.Errorf("the handler got the traceparent %q, want %q", sent, want)
	}
	if text := r.text(); !strings.Contains(text, `"service.name"`) || !strings.Contains(text, `"joinery"`) {
		t.Error("the resource has no service.name joinery")
	}
}

// TestTraceOfFaults: what failed is marked where it happened.
func TestTraceOfFaults(t *testing.T) {
	r := traced(t, map[string]http.HandlerFunc{
		"/slow":       answering(500, `{"message": "planted"}`),
		"/list-users": answering(200, `[{"id": 1, "mood": "planted-mood"}]`),
	}, func(s *serving, header ...string) {
		s.query(t, `{ slow { id } }`, header...)
		s.query(t, `{ listUsers { state { text } } }`, header...)
	})
	golden(t, "testdata/trace_faults.txt", r.tree(remoteTrace))
}

// TestTraceHasNoSecrets plants values wherever a request has some, and looks for them in all that is exported.
func TestTraceHasNoSecrets(t *testing.T) {
	r := traced(t, map[string]http.HandlerFunc{
		"/create-user": answering(400, `{"message": "planted-message", "code": "planted-code"}`),
		"/list-users":  answering(200, `[{"id": 1, "mood": "planted-mood"}, {"id": 730177}]`),
		"/slow":        answering(200, `planted-no-json`),
	}, func(s *serving, header ...string) {
		header = append(header, "Authorization", "Bearer planted-token", "Cookie", "session=planted-cookie", "X-Hasura-User-Id", "planted-user")
		for _, document := range []string{
			`mutation { createUser(name: "planted-argument") { id } }`,
			`{ listUsers { state { text } user { name } } }`,
			`{ slow { id } }`,
			`{ _entities(representations: [{__typename: "users", id: 730178}, {__typename: "User", id: "planted-key"}]) { ... on users { name } } }`,
			`{ planted_field }`,
			`query planted-syntax`,
		} {
			s.query(t, document, header...)
		}
		_, _, _ = s.post(t.Context(), "{ __typename }", "Content-Type", "planted/type")
	})
	text := r.text()
	for _, secret := range []string{"planted", "73017"} {
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, secret) && !strings.Contains(line, "time_unix_nano") { // any digits may stand in a time
				t.Errorf("exported: %s", strings.TrimSpace(line))
			}
		}
	}
	if !strings.Contains(text, "loader.batch") || !strings.Contains(text, "action.call") {
		t.Error("there are no spans to look into")
	}
}

// TestNoTrace: without an endpoint nothing is recorded, but a trace of others is passed on.
func TestNoTrace(t *testing.T) {
	traceparent := make(chan string, 1)
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(w http.ResponseWriter, r *http.Request) {
			traceparent <- r.Header.Get("Traceparent")
			answering(200, `[]`)(w, r)
		}}),
	})
	s.query(t, listUsers)
	if got := <-traceparent; got != "" {
		t.Errorf("a traceparent was made up: %q", got)
	}
	caller := "00-" + remoteTrace + "-" + remoteParent + "-01"
	s.query(t, listUsers, "traceparent", caller)
	if got := <-traceparent; got != caller {
		t.Errorf("the handler got the traceparent %q, want the caller's %q", got, caller)
	}
}

// TestCollectorDown: requests are answered, and the log says that traces are lost.
func TestCollectorDown(t *testing.T) {
	endpoint := "http://" + closedAddress(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Error(got)
	}
	s.stop()
	if code := <-s.exit; code != 0 {
		t.Errorf("exit status %d", code)
	}
	for _, line := range s.log.lines(t) {
		if line["text"] != nil {
			t.Errorf("not JSON: %s", line["text"])
		}
	}
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; rewrite with -update):\n%s", file, diff)
	}
}
