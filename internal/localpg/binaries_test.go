//go:build linux || darwin

package localpg

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

// repository is a Maven repository with a release made of testdata/server.txz: bin/postgres, closed to others, and
// share/x.
type repository struct {
	jar       []byte
	sum       string
	downloads atomic.Int32
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	archive, err := os.ReadFile("testdata/server.txz")
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	w := zip.NewWriter(&jar)
	entry, err := w.Create("postgres.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(archive); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(jar.Bytes())
	return &repository{jar: jar.Bytes(), sum: hex.EncodeToString(sum[:])}
}

func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case !strings.HasPrefix(req.URL.Path, "/maven/io/zonky/test/postgres/"):
		http.NotFound(w, req)
	case strings.HasSuffix(req.URL.Path, ".jar"):
		r.downloads.Add(1)
		w.Write(r.jar)
	default:
		io.WriteString(w, r.sum)
	}
}

func (r *repository) serve(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	t.Setenv(repositoryEnv, server.URL+"/maven/")
}

func testAccount(t *testing.T) account {
	t.Helper()
	who, err := ownAccount()
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestBinariesDownloadedOnce(t *testing.T) {
	r := newRepository(t)
	r.serve(t)
	who, cache := testAccount(t), OpenTempDir(t)
	var progress testkit.Buffer
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			dir, err := binaries(t.Context(), Options{CacheDir: cache, Progress: &progress}, 17, who)
			if err != nil {
				t.Error(err)
				return
			}
			out, err := who.command(t.Context(), "/", filepath.Join(dir, "bin", "postgres")).Output()
			if string(out) != "fake\n" {
				t.Errorf("run bin/postgres: got %q, %v", out, err)
			}
		})
	}
	calls.Wait()
	if n := r.downloads.Load(); n != 1 {
		t.Errorf("got %d downloads, want 1", n)
	}
	if n := strings.Count(progress.String(), "downloading Postgres 17."); n != 1 {
		t.Errorf("got progress %q, want one line", progress.String())
	}
	entries, _ := filepath.Glob(filepath.Join(cache, "*"))
	if len(entries) != 2 { // the release and the lock
		t.Errorf("got %q in the cache, want no leftovers", entries)
	}
}

func TestBinariesFaults(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	tests := map[string]struct {
		prepare func(*testing.T, *repository)
		major   int
		want    string // in the message
	}{
		"unknown_version": {func(t *testing.T, r *repository) { r.serve(t) }, 12, "unknown Postgres version 12: have 13 to 17"},
		"no_such_release": {func(t *testing.T, r *repository) {
			r.serve(t)
			t.Setenv(repositoryEnv, os.Getenv(repositoryEnv)+"/elsewhere")
		}, 17, "no version found"},
		"no_network":     {func(t *testing.T, r *repository) { t.Setenv(repositoryEnv, gone.URL) }, 17, "set DATABASE_URL"},
		"wrong_checksum": {func(t *testing.T, r *repository) { r.sum = "0"; r.serve(t) }, 17, "checksums do not match"},
		"broken_archive": {func(t *testing.T, r *repository) {
			r.jar, r.sum = []byte("no zip"), ""
			sum := sha256.Sum256(r.jar)
			r.sum = hex.EncodeToString(sum[:])
			r.serve(t)
		}, 17, "zip"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.prepare(t, newRepository(t))
			cache := OpenTempDir(t)
			_, err := binaries(t.Context(), Options{CacheDir: cache}, test.major, testAccount(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got error %v, want one with %q", err, test.want)
			}
			if unavailable := errors.Is(err, ErrUnavailable); unavailable != (test.major == 17) {
				t.Errorf("errors.Is(%v, ErrUnavailable) is %v", err, unavailable)
			}
			if left, _ := filepath.Glob(filepath.Join(cache, "*-*")); len(left) > 0 {
				t.Errorf("got leftovers %q", left)
			}
		})
	}
}

func TestCacheDir(t *testing.T) {
	who := testAccount(t)
	uid := os.Geteuid()
	closed := filepath.Join(OpenTempDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if uid != 0 {
		if err := os.Chmod(closed, 0o500); err != nil { // not writable
			t.Fatal(err)
		}
	}
	if _, err := cacheDir(t.Context(), filepath.Join(closed, "cache"), who); err == nil {
		t.Errorf("cacheDir in a closed folder: got no error")
	}

	t.Setenv("HOME", closed)
	t.Setenv("XDG_CACHE_HOME", "")
	got, err := cacheDir(t.Context(), "", who)
	if err != nil || !strings.HasPrefix(got, "/var/tmp/joinery-postgres-") {
		t.Errorf("with $HOME closed: got %q, %v, want a folder in /var/tmp", got, err)
	}
	if entries, _ := os.ReadDir(closed); len(entries) > 0 {
		t.Errorf("with $HOME closed: got leftovers %v in it", entries)
	}
}

func TestCacheDirOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := filepath.Join(OpenTempDir(t), "cache")
	if out, err := exec.Command("install", "-d", "-o", "nobody", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := cacheDir(t.Context(), dir, testAccount(t)); err == nil || !strings.Contains(err.Error(), "is not a folder of uid 0") {
		t.Errorf("got error %v", err)
	}
}
