package supergraph

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestFindRouter(t *testing.T) {
	bin, cache := t.TempDir(), t.TempDir()
	find := func() (string, string, error) {
		var log strings.Builder
		path, err := FindRouter(t.Context(), FindOptions{Cache: cache, Offline: true, Log: &log})
		return path, log.String(), err
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	t.Setenv("APOLLO_ROUTER", "")
	t.Setenv("APOLLO_ELV2_LICENSE", "")
	if _, _, err := find(); !errors.Is(err, ErrNotFound) {
		t.Errorf("nowhere: %v, want ErrNotFound", err)
	}

	onPath := filepath.Join(bin, "router")
	for version, ok := range map[string]bool{
		"2.15.0": true, "2.16.1": true, "2.15.0-rc.1": true, "2.14.9": false, "3.0.0": false, "some other router": false,
	} {
		writeScript(t, onPath, "echo "+version)
		path, log, err := find()
		if found := err == nil && path == onPath; found != ok {
			t.Errorf("on PATH, version %s: %q, %v", version, path, err)
		}
		if want := onPath + " is not Apollo Router 2.15 or newer: not used\n"; !ok && log != want {
			t.Errorf("version %s: log %q", version, log)
		}
	}

	writeScript(t, onPath, "echo no router")
	cached := filepath.Join(cache, "router-"+RouterVersion, "router")
	if err := os.Mkdir(filepath.Dir(cached), 0o755); err != nil {
		t.Fatal(err)
	}
	writeScript(t, cached, "")
	if path, _, err := find(); path != cached {
		t.Errorf("in the cache: %q, %v", path, err)
	}

	t.Setenv("APOLLO_ROUTER", onPath)
	if path, _, err := find(); path != onPath {
		t.Errorf("APOLLO_ROUTER: %q, %v", path, err)
	}
	t.Setenv("APOLLO_ROUTER", filepath.Join(bin, "none"))
	if _, _, err := find(); err == nil || errors.Is(err, ErrNotFound) || !strings.HasPrefix(err.Error(), "APOLLO_ROUTER: ") {
		t.Errorf("APOLLO_ROUTER of no program: %v", err)
	}
}

func TestFindJaeger(t *testing.T) {
	bin, cache := t.TempDir(), t.TempDir()
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	t.Setenv("JAEGER", "")
	find := func() (string, error) { return FindJaeger(t.Context(), FindOptions{Cache: cache}) }
	if _, err := find(); !errors.Is(err, ErrNotFound) {
		t.Errorf("nowhere: %v, want ErrNotFound", err)
	}
	onPath := filepath.Join(bin, "jaeger")
	writeScript(t, onPath, "echo jaeger, version 2: --config")
	if path, err := find(); !errors.Is(err, ErrNotFound) {
		t.Errorf("version 2: %q, %v, want ErrNotFound", path, err)
	}
	writeScript(t, onPath, "echo '  --collector.otlp.grpc.host-port string'")
	if path, err := find(); path != onPath {
		t.Errorf("on PATH: %q, %v", path, err)
	}
	t.Setenv("JAEGER", filepath.Join(bin, "none"))
	if _, err := find(); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("JAEGER of no program: %v", err)
	}
}

// release is a stand-in for the publisher's download server.
type release struct {
	tarball []byte
	sums    string // with %s for the tarball's name
}

func (r release) serve(t *testing.T) FindOptions {
	triple := routerTriples[runtime.GOOS+"/"+runtime.GOARCH]
	if triple == "" {
		t.Skip("Apollo has no router for this system")
	}
	name := "router-v" + RouterVersion + "-" + triple + ".tar.gz"
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v" + RouterVersion + "/sha256sums.txt":
			fmt.Fprintf(w, r.sums, name)
		case "/v" + RouterVersion + "/" + name:
			w.Write(r.tarball)
		default:
			http.NotFound(w, req)
		}
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = httpsClient.CheckRedirect
	return FindOptions{Cache: t.TempDir(), releases: server.URL, client: client}
}

func tarball(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	archive := tar.NewWriter(zipped)
	for _, name := range files {
		content := "content of " + name
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDownloadRouter(t *testing.T) {
	t.Setenv("APOLLO_ROUTER", "")
	t.Setenv("PATH", t.TempDir())
	good := tarball(t, "dist/README.md", "../../dist/"+executable("router"))
	sum := fmt.Sprintf("%064x  other.tar.gz\n%x  %%s\n", 0, sha256.Sum256(good))
	empty := tarball(t, "dist/README.md")
	tests := []struct {
		name    string
		accept  string
		release release
		want    string // part of the error; empty: it must be found
	}{
		{"good", "accept", release{good, sum}, ""},
		{"licence not accepted", "", release{good, sum}, "set APOLLO_ELV2_LICENSE=accept"},
		{"other content", "accept", release{tarball(t, "router"), sum}, "has not the SHA-256"},
		{"no sum", "accept", release{good, "abc  not-%s\n"}, "in sha256sums.txt"},
		{"no program in it", "accept", release{empty, fmt.Sprintf("%x *%%s\n", sha256.Sum256(empty))}, "unpack: missing router"},
		{"no tarball", "accept", release{[]byte("x"), fmt.Sprintf("%x  %%s\n", sha256.Sum256([]byte("x")))}, "unpack: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("APOLLO_ELV2_LICENSE", tt.accept)
			o := tt.release.serve(t)
			path, err := FindRouter(t.Context(), o)
			if tt.want != "" {
				if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want ErrNotFound with %q", err, tt.want)
				}
				if exists(filepath.Join(o.Cache, "router-"+RouterVersion)) {
					t.Error("something was left in the cache")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm()&0o100 == 0 || !strings.HasPrefix(path, o.Cache) {
				t.Errorf("%s: %v, %v", path, info, err)
			}
			o.releases = "https://127.0.0.1:1"
			if again, err := FindRouter(t.Context(), o); again != path {
				t.Errorf("second time: %q, %v", again, err)
			}
		})
	}
}

func TestDownloadStaysOnHTTPS(t *testing.T) {
	server := httptest.NewTLSServer(http.RedirectHandler("http://plain.example/", http.StatusFound))
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = httpsClient.CheckRedirect
	_, err := get(context.Background(), client, server.URL, 10)
	if err == nil || !strings.Contains(err.Error(), "unexpected redirect to http://plain.example/") {
		t.Errorf("error %v", err)
	}
}
