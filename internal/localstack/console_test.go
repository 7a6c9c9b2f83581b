//go:build unix

package localstack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var consoleRE = regexp.MustCompile(`  console +(http://127\.0\.0\.1:\d+/console/), admin secret (\S+)`)

// TestDevConsole: the console of the stack knows the router and what else is composed, and explains what comes through the
// router.
func TestDevConsole(t *testing.T) {
	t.Parallel()
	d := startDev(t, nil, "--no-jaeger", example)
	d.waitUp(t)
	found := consoleRE.FindStringSubmatch(d.stdout.String())
	if found == nil {
		t.Fatalf("no console in\n%s", d.stdout.String())
	}
	ask := func(method, path, body string, header ...string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, found[1]+"api/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Hasura-Admin-Secret", found[2])
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %v, status %d: %s", method, path, err, response.StatusCode, answer)
		}
		return string(answer)
	}
	var supergraph struct {
		Composes  bool
		Subgraphs []struct {
			Name string
			Own  bool
		}
	}
	if answer := ask("GET", "supergraph", ""); json.Unmarshal([]byte(answer), &supergraph) != nil || !supergraph.Composes || len(supergraph.Subgraphs) != 2 {
		t.Errorf("supergraph: %s", answer)
	}
	const trace = "0af7651916cd43dd8448eb211c80319c"
	ask("POST", "explain", fmt.Sprintf(`{"traceId": %q}`, trace))
	query := `{"query": "mutation { createUser(name: \"Hodor\") { id user { name auth0_id auth0_profile { email } } } }"}`
	if answer := ask("POST", "router", query, "Traceparent", "00-"+trace+"-b7ad6b7169203331-01"); !strings.Contains(answer, `"hodor@hodor.com"`) {
		t.Errorf("through the router: %s", answer)
	}
	if answer := ask("GET", "explain/"+trace, ""); !strings.Contains(answer, `"relationship":"CreateUserOutput.user"`) {
		t.Errorf("join plans: %s", answer)
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.wait(t)
	d.wantEmptied(t)
}
