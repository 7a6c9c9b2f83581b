package auth0profile_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

const routerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

func traced(t *testing.T, standin auth0standin.Options) (http.Handler, *tenant, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	subgraph, network := serve(t, standin, auth0profile.Config{TracerProvider: provider})
	return subgraph, network, exporter
}

// One trace: the router's span, ours, the batch's, the calls'.
func TestOneTrace(t *testing.T) {
	subgraph, network, exporter := traced(t, auth0standin.Options{Users: users("a|1", "secret|id"), NotIndexed: []string{"secret|id"}})
	forwarded := make(chan string, 10)
	network.intercept(func(r *http.Request) (*http.Response, error) {
		forwarded <- r.Header.Get("traceparent")
		return nil, nil
	})
	answer := decode(t, post(t, subgraph, query, representations("a|1", "secret|id", "a|1", "secret|nobody"),
		"traceparent", "00-"+routerTrace+"-00f067aa0ba902b7-01"))
	if len(answer.Errors) > 0 || answer.Data.Entities[1]["auth0_profile"] == nil {
		t.Fatalf("answer %+v", answer)
	}

	names := map[trace.SpanID]string{}
	var spans tracetest.SpanStubs
	for _, span := range exporter.GetSpans() {
		names[span.SpanContext.SpanID()] = span.Name
		spans = append(spans, span)
		if got := span.SpanContext.TraceID().String(); got != routerTrace {
			t.Errorf("span %s has trace %s", span.Name, got)
		}
		if text := fmt.Sprint(span.Name, span.Attributes, span.Events, span.Status); strings.Contains(text, "secret") {
			t.Errorf("span tells an id: %s", text)
		}
	}
	var tree []string
	for _, span := range spans {
		tree = append(tree, names[span.Parent.SpanID()]+" > "+span.Name)
	}
	want := []string{
		"auth0.profiles > POST /oauth/token",
		"auth0.profiles > GET /api/v2/users",
		"auth0.profiles > GET /api/v2/users/{id}",
		"auth0.profiles > GET /api/v2/users/{id}",
		"POST /graphql > auth0.profiles",
		" > POST /graphql",
	}
	if diff := cmp.Diff(want, tree); diff != "" {
		t.Errorf("spans, -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{
		"auth0.profiles.asked": 4, "auth0.profiles.unique": 3, "auth0.profiles.cached": 0, "auth0.profiles.found": 2,
		"auth0.profiles.searches": 1, "auth0.profiles.reads": 2,
	}, numbers(spans[4])); diff != "" {
		t.Errorf("attributes of the batch, -want +got\n%s", diff)
	}
	close(forwarded)
	for header := range forwarded {
		if !strings.HasPrefix(header, "00-"+routerTrace) {
			t.Errorf("traceparent %q", header)
		}
	}
}

func numbers(span tracetest.SpanStub) map[string]int64 {
	found := map[string]int64{}
	for _, attribute := range span.Attributes {
		found[string(attribute.Key)] = attribute.Value.AsInt64()
	}
	return found
}

func TestSpanOfCachedProfiles(t *testing.T) {
	subgraph, _, exporter := traced(t, auth0standin.Options{Users: users("a|1")})
	post(t, subgraph, query, representations("a|1"))
	exporter.Reset()
	post(t, subgraph, query, representations("a|1"))
	spans := exporter.GetSpans()
	if len(spans) != 2 || spans[0].Name != "auth0.profiles" {
		t.Fatalf("spans %v", spans)
	}
	if got := numbers(spans[0]); got["auth0.profiles.cached"] != 1 || got["auth0.profiles.found"] != 1 || got["auth0.profiles.searches"] != 0 {
		t.Errorf("attributes %v", got)
	}
}

func TestUntracedSendsNoContext(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{})
	network.intercept(func(r *http.Request) (*http.Response, error) {
		if got := r.Header.Get("traceparent"); got != "" {
			t.Errorf("traceparent %q", got)
		}
		return nil, nil
	})
	post(t, subgraph, query, representations("a|1"), "traceparent", "00-"+routerTrace+"-00f067aa0ba902b7-01")
}
