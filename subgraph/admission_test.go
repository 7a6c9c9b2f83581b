package subgraph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/subgraph"
)

const waitFiles = emptyMetadata + "-- actions.graphql --\ntype Query { wait: String now: String }\n"

// waiting answers once it may.
type waiting struct{ free chan struct{} }

func (w waiting) Call(ctx context.Context, call actions.Call) (*actions.Answer, error) {
	if call.Action == "wait" {
		select {
		case <-w.free:
		case <-ctx.Done():
			return nil, &actions.Error{Message: "http exception when calling webhook", Extensions: map[string]any{"code": "unexpected"}, Reason: actions.ReasonTimeout}
		}
	}
	return &actions.Answer{Output: json.RawMessage(`"done"`)}, nil
}

// TestAdmission: two requests are executed, two wait, and the fifth is refused at once; of those that wait, the ones that
// nobody makes room for are refused after the queue's timeout.
func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := metric.NewManualReader()
		w := waiting{free: make(chan struct{})}
		f := &fixture{files: waitFiles + oneHandler("wait", "now"), caller: w, options: subgraph.Options{
			Limits: subgraph.Limits{Concurrent: 2, Queued: 2, QueueTimeout: 3 * time.Second}, Meter: metric.NewMeterProvider(metric.WithReader(reader)).Meter(""),
		}}
		h := f.handler(t).(*subgraph.Handler)
		var requests sync.WaitGroup
		statuses := make(chan string, 4)
		started := time.Now()
		for range 4 {
			requests.Go(func() {
				w := do(h, newRequest(t, body(`{ wait }`, "")))
				statuses <- strconv.Itoa(w.Code) + " after " + time.Since(started).String()
			})
		}
		synctest.Wait()
		if executing, queued := h.Load(); executing != 2 || queued != 2 {
			t.Errorf("%d are executed and %d wait", executing, queued)
		}
		got := do(h, newRequest(t, body(`{ now }`, "")))
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "1" ||
			got.Body.String() != `{"errors":[{"message":"too many requests at once, try again later","extensions":{"code":"overloaded"}}]}` {
			t.Errorf("the fifth: %d %v %s", got.Code, got.Header(), got.Body)
		}
		time.Sleep(time.Second)
		w.free <- struct{}{} // one ends, one of those that wait begins
		synctest.Wait()
		time.Sleep(5 * time.Second) // the other's patience ends
		close(w.free)
		requests.Wait()
		counts := map[string]int{}
		for range 4 {
			counts[<-statuses]++
		}
		if counts["200 after 1s"] != 1 || counts["503 after 3s"] != 1 || counts["200 after 6s"] != 2 {
			t.Errorf("answers: %v", counts)
		}
		if executing, queued := h.Load(); executing != 0 || queued != 0 {
			t.Errorf("%d are executed and %d wait in the end", executing, queued)
		}
		if n := refusals(t, reader)["concurrent"]; n != 2 {
			t.Errorf("%d refusals are counted, want 2", n)
		}
		if got := post(t, h, body(`{ now }`, "")); got != `{"data":{"now":"done"}}` {
			t.Errorf("then: %s", got)
		}
	})
}

// TestRequestTimeout: what isn't there in time is an error of its own; the rest is answered.
func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := metric.NewManualReader()
		f := &fixture{files: waitFiles + oneHandler("wait", "now"), caller: waiting{}, options: subgraph.Options{
			Limits: subgraph.Limits{Timeout: 2 * time.Second}, Meter: metric.NewMeterProvider(metric.WithReader(reader)).Meter(""),
		}}
		h := f.handler(t)
		started := time.Now()
		got := do(h, newRequest(t, body(`{ now a: wait b: wait }`, "")))
		if took := time.Since(started); took != 2*time.Second || got.Code != http.StatusOK {
			t.Errorf("%d after %v", got.Code, took)
		}
		wantJSON(t, got.Body.String(), `{"data":{"now":"done","a":null,"b":null},"errors":[`+
			`{"message":"request took longer than 2s","path":["a"],"extensions":{"code":"time-limit-exceeded"}},`+
			`{"message":"request took longer than 2s","path":["b"],"extensions":{"code":"time-limit-exceeded"}}]}`)
		if n := refusals(t, reader)["timeout"]; n != 1 {
			t.Errorf("%d are counted, want 1", n)
		}
	})
}

// TestStatementTimeout: a statement that is under way ends with the request's time, too.
func TestStatementTimeout(t *testing.T) {
	log := &logged{}
	f := &fixture{
		files: blogFiles, caller: blog(1),
		sql:     strings.Replace(blogSQL, "length(name) as score", "length(name || pg_sleep(60)) as score", 1),
		options: subgraph.Options{Log: log.logger(), Limits: subgraph.Limits{Timeout: 100 * time.Millisecond}},
	}
	wantJSON(t, post(t, f.handler(t), body(`{ one { user { stats { score } } } }`, "")), `{"data":{"one":{"user":{"stats":null}}},"errors":[`+
		`{"message":"request took longer than 100ms","path":["one","user","stats"],"extensions":{"code":"time-limit-exceeded"}}]}`)
	if log.String() != "" {
		t.Errorf("logged as our fault: %s", log.String())
	}
}
