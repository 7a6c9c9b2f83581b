package auth

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// hook asks a webhook who calls, and keeps its answers for as long as they say.
type hook struct {
	Webhook
	client *http.Client
	config *Config
	kept   *lru.Cache[[sha256.Size]byte, keptSession]
}

type keptSession struct {
	session *Session
	until   time.Time
}

const (
	maxKeptSessions = 10_000
	maxHookAnswer   = 1 << 20
	maxHookBody     = 4 << 20 // of a GraphQL request, as subgraph.Limits has it by default
)

func newHook(c *Config) *hook {
	kept, err := lru.New[[sha256.Size]byte, keptSession](maxKeptSessions)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &hook{
		Webhook: c.Webhook, config: c, kept: kept,
		client: &http.Client{
			Transport: c.Transport, Timeout: c.Webhook.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // credentials go nowhere else
		},
	}
}

// notAsked are the client's headers that the webhook doesn't get: Hasura's list, those of the connection, and the
// router's secret. Without Cookie and Authorization there would be nothing to ask about.
var notAsked = map[string]bool{
	"Content-Length": true, "Content-Md5": true, "User-Agent": true, "Host": true, "Origin": true, "Referer": true,
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Accept-Datetime": true, "Cache-Control": true,
	"Connection": true, "Dnt": true, "Content-Type": true,
	"Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authorization": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Expect": true, "Content-Encoding": true,
	RouterSecretHeader: true,
}

// notCredentials are headers that differ from request to request and say nothing of the caller.
var notCredentials = map[string]bool{
	"Traceparent": true, "Tracestate": true, "Baggage": true, "X-Request-Id": true, "B3": true,
	"X-B3-Traceid": true, "X-B3-Spanid": true, "X-B3-Parentspanid": true, "X-B3-Sampled": true,
}

func askedHeader(h http.Header) http.Header {
	asked := http.Header{}
	for name, values := range h {
		if name = http.CanonicalHeaderKey(name); !notAsked[name] {
			asked[name] = append(asked[name], values...)
		}
	}
	return asked
}

func (w *hook) session(r *http.Request) (*Session, error) {
	asked := askedHeader(r.Header)
	body, err := w.body(r)
	if err != nil {
		return nil, err
	}
	key := keyOf(asked, body)
	if kept, ok := w.kept.Get(key); ok && w.config.now().Before(kept.until) {
		return kept.session, nil
	}
	session, keep, err := w.ask(r.Context(), asked, body)
	if err == nil && keep > 0 {
		w.kept.Add(key, keptSession{session, w.config.now().Add(keep)})
	}
	return session, err
}

// keyOf tells requests apart that may have different answers. Lengths keep what stands side by side apart.
func keyOf(asked http.Header, body []byte) (key [sha256.Size]byte) {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if notCredentials[name] {
			continue
		}
		for _, value := range asked[name] {
			_, _ = fmt.Fprintf(hash, "%d:%s%d:%s", len(name), name, len(value), value)
		}
	}
	_, _ = fmt.Fprintf(hash, "|%d:%s", len(body), body)
	return [sha256.Size]byte(hash.Sum(nil))
}

// body is what is posted besides the headers; nil for GET.
func (w *hook) body(r *http.Request) ([]byte, error) {
	if w.Mode != http.MethodPost || w.WithoutBody {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxHookBody+1))
	if err != nil || len(raw) > maxHookBody {
		return nil, &Error{Code: CodeAccessDenied, Message: "request body could not be read for the authentication hook", Status: http.StatusUnauthorized}
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return graphQLRequest(raw, r.Header.Get("Content-Encoding")), nil
}

// graphQLRequest is {query, operationName, variables} of a body, and null of what is no GraphQL request.
func graphQLRequest(raw []byte, encoding string) []byte {
	if strings.EqualFold(encoding, "gzip") {
		if unpacked, err := gunzip(raw); err == nil {
			raw = unpacked
		}
	}
	var request struct {
		OperationName *string         `json:"operationName,omitempty"`
		Query         string          `json:"query"`
		Variables     json.RawMessage `json:"variables,omitempty"`
	}
	if err := json.Unmarshal(raw, &request); err != nil {
		return []byte("null")
	}
	body, err := json.Marshal(request)
	if err != nil {
		return []byte("null")
	}
	return body
}

func gunzip(raw []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	unpacked, err := io.ReadAll(io.LimitReader(reader, maxHookBody+1))
	if err == nil && len(unpacked) > maxHookBody {
		err = errors.New("too large")
	}
	return unpacked, err
}

func (w *hook) ask(ctx context.Context, asked http.Header, body []byte) (*Session, time.Duration, error) {
	request, err := w.request(ctx, asked, body)
	if err != nil {
		return nil, 0, w.failed("webhook authentication request failed", err)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, 0, w.failed("webhook authentication request failed", withoutURL(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxHookAnswer))
	switch {
	case err != nil:
		return nil, 0, w.failed("webhook authentication request failed", withoutURL(err))
	case response.StatusCode == http.StatusUnauthorized:
		return nil, 0, refusal(CodeAccessDenied, "Authentication hook unauthorized this request")
	case response.StatusCode != http.StatusOK:
		return nil, 0, w.failed("Invalid response from authorization hook", fmt.Errorf("status %d", response.StatusCode))
	}
	return w.read(answer, response.Header)
}

func (w *hook) request(ctx context.Context, asked http.Header, body []byte) (*http.Request, error) {
	if w.Mode == http.MethodGet {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
		if err == nil {
			request.Header = asked.Clone()
		}
		return request, err
	}
	headers := map[string]string{}
	for name, values := range asked {
		headers[name] = strings.Join(values, ", ")
	}
	payload := map[string]any{"headers": headers}
	if body != nil {
		payload["request"] = json.RawMessage(body)
	}
	posted, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(posted))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
		for name := range notCredentials { // traces go on
			if values := asked[name]; values != nil {
				request.Header[name] = values
			}
		}
	}
	return request, err
}

// failed logs what the client doesn't learn. The cause has no URL in it.
func (w *hook) failed(message string, cause error) *Error {
	w.config.Log.Error("the authentication webhook failed", "url", withoutQuery(w.URL), "error", cause.Error())
	return fault(message)
}

// read makes a session of the answer. How long it may be kept is said in it, as Hasura has it, or by its headers.
func (w *hook) read(answer []byte, h http.Header) (*Session, time.Duration, error) {
	said, ok := decodeObject(string(answer))
	if !ok {
		return nil, 0, w.failed("Invalid response from authorization hook", errors.New("not a JSON object"))
	}
	variables := map[string]string{}
	cacheControl, expires := h.Get("Cache-Control"), h.Get("Expires")
	for name, value := range said {
		lower := strings.ToLower(name)
		text, ok := sessionValue(value)
		if _, twice := variables[lower]; strings.HasPrefix(lower, variablePrefix) && (!ok || twice) {
			return nil, 0, w.failed("Invalid response from authorization hook", fmt.Errorf("%s is no text, or is there twice", lower))
		}
		switch {
		case lower == "cache-control":
			cacheControl = text
		case lower == "expires":
			expires = text
		case strings.HasPrefix(lower, variablePrefix):
			variables[lower] = text
		}
	}
	role := variables[roleVariable]
	if role == "" {
		return nil, 0, w.failed("Invalid response from authorization hook", errors.New("missing x-hasura-role"))
	}
	keep, _ := lifetime(cacheControl, expires, w.config.now())
	return newSession(role, variables), keep, nil
}
