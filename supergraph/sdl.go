package supergraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	defaultTimeout = 10 * time.Second
	maxSDL         = 16 << 20 // bytes; the largest public schemas have about 5 MB
)

// loadAll gets the SDL of all subgraphs side by side, and tells all that fail at once.
func loadAll(ctx context.Context, cfg *Config, timeout time.Duration) ([]string, error) {
	sdls := make([]string, len(cfg.Subgraphs))
	faults := make([]*Fault, len(cfg.Subgraphs))
	var wg sync.WaitGroup
	for i, s := range cfg.Subgraphs {
		wg.Go(func() { sdls[i], faults[i] = s.load(ctx, cfg, timeout) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("load subgraph schemas: %w", err)
	}
	var found Faults
	for _, f := range faults {
		if f != nil {
			found = append(found, *f)
		}
	}
	return sdls, found.err()
}

func (s Subgraph) load(ctx context.Context, cfg *Config, timeout time.Duration) (string, *Fault) {
	sdl, mend, err := s.read(ctx, timeout)
	if err == nil && strings.TrimSpace(sdl) == "" {
		mend, err = "a subgraph has at least one type", errors.New("empty schema in "+s.source(cfg))
	}
	if err == nil {
		return sdl, nil
	}
	return "", &Fault{
		File: cfg.Path, Line: s.Schema.Line, Cause: err, Mend: mend,
		Message: fmt.Sprintf("subgraph %q: %v", s.Name, err),
	}
}

func (s Subgraph) read(ctx context.Context, timeout time.Duration) (sdl, mend string, err error) {
	switch {
	case s.Schema.SDL != "":
		return s.Schema.SDL, "", nil
	case s.Schema.File != "":
		return readSDL(s.Schema.File)
	case s.Schema.URL != "":
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return introspect(ctx, s.Schema.URL, s.Schema.Headers)
	}
	return "", "", nil
}

func readSDL(path string) (sdl, mend string, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", "write it, or correct the path", fmt.Errorf("missing schema file %s", path)
	} else if err != nil {
		return "", "", fmt.Errorf("read schema file: %w", err)
	}
	return string(text), "", nil
}

// introspectClient doesn't follow redirects: the introspection headers may hold a secret of the subgraph.
var introspectClient = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

const introspectQuery = `{"query":"query SubgraphIntrospect { _service { sdl } }","operationName":"SubgraphIntrospect"}`

// introspect asks a running subgraph for its SDL (Federation subgraph specification, "Enhanced introspection").
func introspect(ctx context.Context, rawURL string, headers map[string]string) (sdl, mend string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rawURL, strings.NewReader(introspectQuery))
	if err != nil {
		return "", "", fmt.Errorf("ask %s: %w", redact(rawURL), err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, application/graphql-response+json")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := introspectClient.Do(req)
	if err != nil {
		return "", "is it running? start it, or give its schema as a file", fmt.Errorf("ask %s: %w", redact(rawURL), cause(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSDL+1))
	if err != nil {
		return "", "", fmt.Errorf("read the answer of %s: %w", redact(rawURL), err)
	}
	sdl, mend, err = readService(resp, body)
	if err != nil {
		return "", mend, fmt.Errorf("%s answered %w", redact(rawURL), err)
	}
	return sdl, "", nil
}

// cause takes off *url.Error, which repeats the URL with what may be secret in it.
func cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func readService(resp *http.Response, body []byte) (sdl, mend string, err error) {
	const mendURL = "is subgraph_url the address of its GraphQL endpoint?"
	if len(body) > maxSDL {
		return "", "give the schema as a file", fmt.Errorf("more than %d MB", maxSDL>>20)
	}
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
		return "", "redirects are not followed: put the final URL in", fmt.Errorf("%d, to %s", resp.StatusCode, redact(to))
	}
	if mediaType := mediaType(resp); !isJSON(mediaType, body) {
		return "", mendURL, fmt.Errorf("%d with %s instead of JSON", resp.StatusCode, mediaType)
	}
	var answer struct {
		Data *struct {
			Service *struct{ SDL *string } `json:"_service"`
		}
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", mendURL, fmt.Errorf("%d with JSON that is no GraphQL response", resp.StatusCode)
	}
	if len(answer.Errors) > 0 {
		return "", "does it need introspection_headers?", fmt.Errorf("with an error: %s", answer.Errors[0].Message)
	}
	if answer.Data == nil || answer.Data.Service == nil || answer.Data.Service.SDL == nil {
		return "", mendURL, fmt.Errorf("%d without _service.sdl", resp.StatusCode)
	}
	return *answer.Data.Service.SDL, "", nil
}

func mediaType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return "no content type"
	}
	return t
}

// isJSON believes the body more than its label: a body that is JSON is read even where it is sent as text.
func isJSON(mediaType string, body []byte) bool {
	return strings.HasSuffix(mediaType, "json") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
}
