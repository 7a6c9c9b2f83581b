package supergraph

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	routerReleases = "https://github.com/apollographql/router/releases/download"
	maxDownload    = 512 << 20 // bytes
)

// httpsClient refuses to leave https: GitHub redirects to its storage.
var httpsClient = &http.Client{
	Timeout: 10 * time.Minute,
	CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if req.URL.Scheme != "https" || len(via) > 5 {
			return errors.New("unexpected redirect to " + req.URL.Redacted())
		}
		return nil
	},
}

// downloadRouter puts Apollo Router into dir. The tarball must have the SHA-256 that the release's own sha256sums.txt
// gives: that guards against damage on the way, and not against a publisher who has been taken over.
func downloadRouter(ctx context.Context, o FindOptions, dir string) error {
	triple, ok := routerTriples[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return fmt.Errorf("its publisher has none for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if o.client == nil {
		o.client = httpsClient
	}
	if o.releases == "" {
		o.releases = routerReleases
	}
	base := o.releases + "/v" + RouterVersion
	tarball := fmt.Sprintf("router-v%s-%s.tar.gz", RouterVersion, triple)
	sums, err := get(ctx, o.client, base+"/sha256sums.txt", 1<<20)
	if err != nil {
		return err
	}
	want, err := sumOf(sums, tarball)
	if err != nil {
		return err
	}
	o.logf("downloading Apollo Router %s from %s (once)", RouterVersion, base)
	content, err := get(ctx, o.client, base+"/"+tarball, maxDownload)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != want {
		return fmt.Errorf("invalid download: %s has not the SHA-256 of its publisher's sha256sums.txt", tarball)
	}
	return untar(content, executable("router"), dir)
}

var routerTriples = map[string]string{
	"linux/amd64":   "x86_64-unknown-linux-gnu",
	"linux/arm64":   "aarch64-unknown-linux-gnu",
	"darwin/amd64":  "x86_64-apple-darwin",
	"darwin/arm64":  "aarch64-apple-darwin",
	"windows/amd64": "x86_64-pc-windows-msvc",
}

func get(ctx context.Context, client *http.Client, url string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", url, cause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("download %s: %s", url, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", url, err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("download %s: more than %d MB", url, limit>>20)
	}
	return body, nil
}

// sumOf finds a file in the output of sha256sum: "<hex>  <name>" a line.
func sumOf(sums []byte, name string) (string, error) {
	lines := bufio.NewScanner(bytes.NewReader(sums))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 2 && strings.TrimPrefix(fields[1], "*") == name {
			return strings.ToLower(fields[0]), nil
		}
	}
	return "", fmt.Errorf("missing %s in sha256sums.txt", name)
}

// untar writes the one program called name out of a tarball; paths in it are not followed.
func untar(content []byte, name, dir string) error {
	zipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	files := tar.NewReader(zipped)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack: missing %s", name)
		} else if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		if header.Typeflag == tar.TypeReg && path.Base(header.Name) == name {
			return writeProgram(filepath.Join(dir, name), files)
		}
	}
}

func writeProgram(path string, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.LimitReader(content, maxDownload))
	return errors.Join(err, f.Close())
}
