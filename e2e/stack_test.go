package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// stack is a running `joinery dev examples/hodor`.
type stack struct {
	urls  map[string]string // by program, as dev reports them
	token string            // that dev prints
}

// repo is the module's root.
const repo = ".."

// startStack builds the programs and runs the example until the test ends.
func startStack(t *testing.T) *stack {
	t.Helper()
	need(t, "APOLLO_ROUTER", "router")
	need(t, "JAEGER", "jaeger", "jaeger-all-in-one")
	bin := t.TempDir() + string(filepath.Separator)
	build(t, bin, "./cmd/joinery", "./supergraph/auth0profile/cmd/auth0profile", "./supergraph/auth0profile/cmd/auth0standin")
	build(t, bin+"hodor-handler", "./examples/hodor/handler")
	dev := exec.Command(filepath.Join(bin, "joinery"), "dev", "examples/hodor")
	dev.Dir = repo
	dev.Env = append(os.Environ(), "APOLLO_TELEMETRY_DISABLED=true", "AUTH0PROFILE_CACHE_TTL=0s") // every trace shows the call of Auth0
	return runStack(t, dev)
}

func build(t *testing.T, output string, packages ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"build", "-o", output}, packages...)...)
	command.Dir = repo
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, out)
	}
}

// need skips the test where a program is missing, and fails it in CI.
func need(t *testing.T, variable string, names ...string) {
	t.Helper()
	if os.Getenv(variable) != "" {
		return
	}
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			return
		}
	}
	testkit.Skip(t, "%s is not set and %s is not on PATH", variable, strings.Join(names, " or "))
}

var (
	address = regexp.MustCompile(`^  (\w+) +(\w+://\S+)`)
	token   = regexp.MustCompile(`^  token +(\S+) \(hodor, role user\)$`)
)

const startTimeout = 3 * time.Minute

// runStack starts dev and reads what it prints until it stays up.
func runStack(t *testing.T, dev *exec.Cmd) *stack {
	t.Helper()
	stdout, err := dev.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	dev.Stderr = &stderr
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	s := &stack{urls: map[string]string{}}
	up := make(chan bool, 1)
	var output strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			output.WriteString(lines.Text() + "\n")
			if m := address.FindStringSubmatch(lines.Text()); m != nil {
				s.urls[m[1]] = m[2]
			}
			if m := token.FindStringSubmatch(lines.Text()); m != nil {
				s.token = m[1]
			}
			if strings.Contains(lines.Text(), "Ctrl-C") {
				up <- true
			}
		}
		close(up)
	})
	t.Cleanup(func() {
		_ = dev.Process.Signal(syscall.SIGTERM)
		reading.Wait()
		if err := dev.Wait(); err != nil {
			t.Errorf("joinery dev: %v\n%s", err, stderr.String())
		}
	})
	select {
	case ok := <-up:
		if !ok {
			t.Fatalf("joinery dev ended before it was up:\n%s%s", output.String(), stderr.String())
		}
	case <-time.After(startTimeout):
		t.Fatalf("joinery dev was not up after %s", startTimeout)
	}
	if n := strings.Count(output.String(), "\nright\n"); n != 2 {
		t.Fatalf("%d of the example's answers are right, want 2:\n%s", n, output.String())
	}
	return s
}

// ask sends an operation to the router and returns its answer. traceID is that of the trace that the request belongs to.
func (s *stack) ask(t *testing.T, traceID, query string) string {
	t.Helper()
	return s.askAs(t, s.urls["router"], query, "Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
}

// askAs sends an operation with these headers, names and values in turn.
func (s *stack) askAs(t *testing.T, url, query string, headers ...string) string {
	t.Helper()
	return fedtest.Ask(t, url, query, "null", headers...)
}

func send(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// span is a span as Jaeger's API gives it, with its place in the tree.
type span struct {
	service, name string
	tags          map[string]any
	parent        *span
}

// within reports whether a span of the service with the name stands above s.
func (s *span) within(service, name string) bool {
	for p := s.parent; p != nil; p = p.parent {
		if p.service == service && p.name == name {
			return true
		}
	}
	return false
}

const traceTimeout = time.Minute

// trace asks Jaeger for a trace until complete says that all of it has arrived: exporters send in batches.
func (s *stack) trace(t *testing.T, traceID string, complete func([]*span) bool) []*span {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), traceTimeout)
	defer cancel()
	for {
		spans := s.spans(t, traceID)
		if complete(spans) {
			return spans
		}
		select {
		case <-ctx.Done():
			t.Fatalf("trace %s is not complete after %s:\n%s", traceID, traceTimeout, tree(spans))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *stack) spans(t *testing.T, traceID string) []*span {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.urls["jaeger"]+"/api/traces/"+traceID, nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Data []struct {
			Spans []struct {
				SpanID        string
				OperationName string
				ProcessID     string
				References    []struct{ SpanID string }
				Tags          []struct {
					Key   string
					Value any
				}
			}
			Processes map[string]struct{ ServiceName string }
		}
	}
	if err := json.Unmarshal([]byte(send(t, request)), &answer); err != nil {
		t.Fatal(err)
	}
	var out []*span
	for _, trace := range answer.Data {
		byID := map[string]*span{}
		for _, s := range trace.Spans {
			one := &span{service: trace.Processes[s.ProcessID].ServiceName, name: s.OperationName, tags: map[string]any{}}
			for _, tag := range s.Tags {
				one.tags[tag.Key] = tag.Value
			}
			byID[s.SpanID] = one
			out = append(out, one)
		}
		for _, s := range trace.Spans {
			for _, r := range s.References {
				byID[s.SpanID].parent = byID[r.SpanID]
			}
		}
	}
	return out
}

// tree prints spans for a person.
func tree(spans []*span) string {
	var b strings.Builder
	var write func(parent *span, indent string)
	write = func(parent *span, indent string) {
		for _, s := range spans {
			if s.parent == parent {
				fmt.Fprintf(&b, "%s%s: %s %v\n", indent, s.service, s.name, s.tags)
				write(s, indent+"  ")
			}
		}
	}
	write(nil, "")
	return b.String()
}
