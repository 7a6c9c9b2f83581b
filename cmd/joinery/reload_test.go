package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// save replaces a part of a file of the metadata.
func (s *serving) save(t *testing.T, file, before, after string) {
	t.Helper()
	path := filepath.Join(s.dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), before) {
		t.Fatalf("no %q in %s", before, file)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaitLog waits for a line with a message.
func (s *serving) awaitLog(t *testing.T, message string) {
	t.Helper()
	await(t, func() bool {
		for _, line := range s.log.lines(t) {
			if line["msg"] == message {
				return true
			}
		}
		return false
	})
}

const (
	asOwner       = `{ listUsers { owner { name } } }`
	asOwnerAnswer = `{"data":{"listUsers":[{"owner":{"name":"bo"}},{"owner":{"name":"ann"}}]}}`
)

func oneHandler(t *testing.T) string {
	return handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)})
}

// TestSIGHUP reloads metadata and the certificate; what is faulty keeps what was there.
func TestSIGHUP(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := newAuthority(t, dir, "first"), newAuthority(t, dir, "second")
	certificate := func(a *authority) { a.issue(t, dir, "joinery", x509.ExtKeyUsageServerAuth) }
	certificate(first)
	p := startProcess(t, "joinery", map[string]string{
		"DATABASE_URL": database(t).URL, "HANDLER": oneHandler(t),
		"JOINERY_TLS_CERT": filepath.Join(dir, "joinery.pem"), "JOINERY_TLS_KEY": filepath.Join(dir, "joinery.key"),
	})
	trust := func(a *authority) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool}, DisableKeepAlives: true}}
	}
	ask := func(a *authority) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/graphql", strings.NewReader(`{"query": "`+asOwner+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		_, body, err := doWith(trust(a), r)
		if err != nil {
			body = err.Error()
		}
		return body
	}
	if got := ask(first); !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") {
		t.Fatalf("before the change: %s", got)
	}

	p.save(t, "actions.yaml", "{name: user,", "{name: owner,")
	certificate(second)
	p.hangUp(t)
	await(t, func() bool { return ask(second) == asOwnerAnswer })
	if got := ask(first); strings.HasPrefix(got, "{") {
		t.Errorf("the old certificate is still shown: %s", got)
	}

	p.save(t, "actions.yaml", "{name: owner,", "{name: not-a-name,")
	if err := os.WriteFile(filepath.Join(dir, "joinery.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.hangUp(t)
	p.awaitLog(t, "the certificate is not reloaded, the one before is kept")
	p.awaitLog(t, "a change is not served, what was before is kept")
	if got := ask(second); got != asOwnerAnswer {
		t.Errorf("after a bad change: %s", got)
	}
}

func (p *process) hangUp(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// TestServeWatch serves what is saved, and what is done to the database.
func TestServeWatch(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := serve(t, map[string]string{"DATABASE_URL": db.URL, "HANDLER": oneHandler(t), "JOINERY_WATCH": "true", "JOINERY_WATCH_INTERVAL": "10ms"})
	s.save(t, "actions.yaml", "{name: user,", "{name: owner,")
	await(t, func() bool { _, got, _ := s.post(t.Context(), asOwner); return got == asOwnerAnswer })
	db.Exec(t, `alter table users add column nick text default 'n'`)
	await(t, func() bool {
		_, got, _ := s.post(t.Context(), `{ listUsers { owner { nick } } }`)
		return got == `{"data":{"listUsers":[{"owner":{"nick":"n"}},{"owner":{"nick":"n"}}]}}`
	})
}
