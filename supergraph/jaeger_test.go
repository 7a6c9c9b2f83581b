package supergraph

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

func needJaeger(t *testing.T) string {
	t.Helper()
	path, err := FindJaeger(t.Context(), FindOptions{})
	need(t, err)
	return path
}

func startJaeger(t *testing.T) *Jaeger {
	t.Helper()
	jaeger, err := StartJaeger(t.Context(), JaegerOptions{Path: needJaeger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(jaeger.Stop)
	return jaeger
}

// services asks Jaeger's API which services have sent spans.
func services(t *testing.T, jaeger *Jaeger) []string {
	t.Helper()
	resp, err := http.Get(jaeger.URL() + "/api/services")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Data []string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data
}

// TestJaegers runs two side by side; the router's spans arrive, over gRPC, at the one that it was told.
func TestJaegers(t *testing.T) {
	used, idle := startJaeger(t), startJaeger(t)
	e := startExample(t, needRouter(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+used.OTLPGRPC(), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
	post(t, e.Router, createUser, nil)
	deadline := time.Now().Add(20 * time.Second)
	for !slices.Contains(services(t, used), "router") {
		if time.Now().After(deadline) {
			t.Fatalf("services %s, want the router", services(t, used))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := services(t, idle); slices.Contains(got, "router") {
		t.Errorf("the other Jaeger has %s", got)
	}
	used.Stop()
	<-used.Done()
	services(t, idle) // stopping one didn't stop the other
}
