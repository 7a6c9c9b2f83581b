package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/joinery-graphql/joinery/console/web"
)

// page serves the page's files.
type page struct {
	files  fs.FS
	built  bool
	mu     sync.Mutex
	assets map[string]*asset
}

// asset is a file as it is sent.
type asset struct {
	content, zipped []byte // zipped is nil where that gains nothing
	etag, mediaType string
}

const indexFile = "index.html"

func newPage() *page {
	p := &page{assets: map[string]*asset{}}
	p.files, p.built = web.Files()
	return p
}

// policy lets the page load its own files and ask Joinery, nothing else. Styles are made by the editors as they run.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP serves a file, or the page itself at every path of its own.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/console/")
	if path.Ext(name) == "" {
		name = indexFile
	}
	a, err := p.asset(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names hold a digest of them
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.mediaType)
	content := a.content
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = a.zipped
	}
	_, _ = w.Write(content) // an error says that the client is gone
}

func (p *page) asset(name string) (*asset, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.assets[name]; a != nil {
		return a, nil
	}
	content, err := fs.ReadFile(p.files, name)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	a := &asset{content: content, etag: `"` + hex.EncodeToString(digest[:12]) + `"`, mediaType: mediaType(name)}
	if zipped := compress(content); len(zipped) < len(content)*9/10 {
		a.zipped = zipped
	}
	p.assets[name] = a
	return a, nil
}

// mediaType doesn't depend on what the machine knows.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".woff2":
		return "font/woff2"
	case ".ttf":
		return "font/ttf"
	case ".map":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func compress(content []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close() // a buffer takes all
	return out.Bytes()
}
