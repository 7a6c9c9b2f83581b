package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
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
	p.awaitLog(t, "the certificates are not reloaded, those before are kept")
	p.awaitLog(t, "a change is not served, what was before is kept")
	if got := ask(second); got != asOwnerAnswer {
		t.Errorf("after a bad change: %s", got)
	}
}

// TestSIGHUPClientAuthority changes the authority of the routers' certificates.
func TestSIGHUPClientAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	servers, before, after := newAuthority(t, dir, "servers"), newAuthority(t, dir, "before"), newAuthority(t, dir, "after")
	servers.issue(t, dir, "joinery", x509.ExtKeyUsageServerAuth)
	old, changed := before.issue(t, dir, "old", x509.ExtKeyUsageClientAuth), after.issue(t, dir, "new", x509.ExtKeyUsageClientAuth)
	authority := func(name string) {
		pem, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "routers.pem"), pem, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	authority("before.pem")
	p := startProcess(t, "joinery", map[string]string{
		"DATABASE_URL": database(t).URL, "HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 1}]`)}),
		"JOINERY_TLS_CERT": filepath.Join(dir, "joinery.pem"), "JOINERY_TLS_KEY": filepath.Join(dir, "joinery.key"),
		"JOINERY_TLS_CLIENT_CA": filepath.Join(dir, "routers.pem"),
	})
	sessions := map[*tls.Certificate]tls.ClientSessionCache{&old: tls.NewLRUClientSessionCache(0), &changed: tls.NewLRUClientSessionCache(0)}
	letsIn := func(c *tls.Certificate) bool {
		config := &tls.Config{RootCAs: servers.pool, ClientSessionCache: sessions[c], GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }}
		transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
		got, err := exchange(t, &http.Client{Transport: transport}, p.url+"/graphql")
		return err == nil && strings.HasPrefix(got, "200 ")
	}
	if !letsIn(&old) || letsIn(&changed) {
		t.Fatal("before the change: want the old certificate let in, and the new one not")
	}
	authority("joinery.key") // no certificate
	p.hangUp(t)
	p.awaitLog(t, "the certificates are not reloaded, those before are kept")
	if !letsIn(&old) {
		t.Error("after a bad change: the old certificate isn't let in")
	}
	authority("after.pem")
	p.hangUp(t)
	await(t, func() bool { return letsIn(&changed) })
	if letsIn(&old) {
		t.Error("after the change: the old certificate is still let in")
	}
}

// TestSIGHUPEarly sends the signal while the program connects to the database for the first time: it reloads as soon as it
// is ready.
func TestSIGHUPEarly(t *testing.T) {
	t.Parallel()
	target, err := url.Parse(database(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Close() }()
	address := target.Host
	target.Host = slow.Addr().String()
	p := launch(t, "joinery", map[string]string{"DATABASE_URL": target.String(), "HANDLER": oneHandler(t)})
	go func() {
		for first := true; ; first = false {
			client, err := slow.Accept()
			if err != nil {
				return
			}
			if first {
				p.hangUp(t)
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
		}
	}()
	p.awaitReady(t)
	p.awaitLog(t, "reloading")
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
