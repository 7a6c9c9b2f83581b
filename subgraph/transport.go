package subgraph

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/loaders"
)

const (
	jsonType     = "application/json"
	responseType = "application/graphql-response+json"
)

// post is GraphQL over HTTP POST (https://graphql.github.io/graphql-over-http/draft/). Unlike gqlgen's own it leaves
// variables in the request's bytes, bounds the body, takes gzip, and writes the answer without making values of it.
type post struct {
	exec      *executor.Executor // reads, validates and caches documents
	schema    *executable        // answers them
	limits    *Limits
	admission *admission
	access    *access
	log       *slog.Logger
	metrics   *limitMetrics
	timeUp    *timeUp
	joinPlans *JoinPlans
	coalescer *loaders.Coalescer
}

// supports takes POST with a JSON body. Other content types are refused, also against CSRF: a browser sends this one to
// another site only after it asked.
func supports(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == jsonType { // as routers send it
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == jsonType
}

// do answers a request. ctx holds the session; to put it into the request would copy that. A request that is not executed
// at all gives status 200 where the client takes application/json, as Hasura answers, and 400 where it takes
// application/graphql-response+json only.
func (t *post) do(ctx context.Context, session *auth.Session, explain explainMode, w http.ResponseWriter, r *http.Request) {
	defer t.recover(w, r)
	req := &request{http: r, buffers: takeBuffers(), explain: explain}
	if id := t.joinPlans.of(r); id != "" && explain == "" {
		req.explain, req.watched = explainAnalyze, id
	}
	if t.coalescer != nil && req.explain == "" { // what is explained is this request's alone
		req.sibling = t.coalescer.Enter(traceOf(r), loaders.Session(*session))
		defer req.sibling.Leave()
	}
	ctx = withRequest(graphql.StartOperationTrace(ctx), req)
	params := &graphql.RawParams{Headers: r.Header}
	if status, err := t.read(w, req, params); err != nil {
		t.refuse(w, r, status, err)
		return
	}
	late := t.timeUp
	if after := t.access.timeout(session.Role, t.limits.Timeout); after != late.after {
		late = &timeUp{after}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, late.after, late)
	defer cancel()
	if err := t.admission.enter(ctx); err != nil {
		w.Header().Set("Retry-After", "1")
		t.refuse(w, r, http.StatusServiceUnavailable, err)
		return
	}
	defer t.admission.leave()
	oc, errs := t.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		errs = errs[:min(len(errs), maxFaults)]
		response := t.exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs)
		write(w, r, requestErrorStatus(r), nil, response.Errors)
		return
	}
	if r.Context().Err() != nil { // the client is gone
		return
	}
	answer, errs := t.schema.operation(ctx, oc)
	for _, cookie := range req.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	if value := req.cacheControl; value != "" {
		if len(errs) > 0 || len(req.cookies) > 0 {
			value = noStore
		}
		w.Header()["Cache-Control"] = []string{value}
	}
	status := http.StatusOK
	if len(answer) == 0 {
		status = requestErrorStatus(r)
	}
	req.buffers.answer = write(w, r, status, answer, errs)
	req.buffers.release() // nothing refers to them any more; after a panic they are left alone
}

// traceOf is the trace that a request says to be part of; invalid where it says nothing (https://www.w3.org/TR/trace-context).
func traceOf(r *http.Request) trace.TraceID {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	return trace.SpanContextFromContext(ctx).TraceID()
}

// refuse answers a request that couldn't be read, or that found no place.
func (t *post) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	c := CodeBadRequest
	if limit := exceeded(err); limit != "" {
		t.metrics.count(r.Context(), limit)
		c = CodeLimitExceeded
	}
	if errors.Is(err, errOverloaded) {
		c = CodeOverloaded
	}
	writeError(w, r, status, err.Error(), code(c))
}

// buffers are the memory of a request: its body and its answer's.
type buffers struct {
	body    bytes.Buffer
	answer  []byte
	decoder jsontext.Decoder
	input   bytes.Buffer // the decoder's
}

var bufferPool = sync.Pool{New: func() any { return &buffers{} }}

func takeBuffers() *buffers { return bufferPool.Get().(*buffers) }

// maxKept bounds what is kept of a request's memory, in bytes.
const maxKept = 1 << 20

func (b *buffers) release() {
	if b.body.Cap() > maxKept || cap(b.answer) > maxKept {
		return
	}
	b.body.Reset()
	b.answer = b.answer[:0]
	bufferPool.Put(b)
}

// recover answers a request that panicked. Nothing was written before: an answer is written at once.
func (t *post) recover(w http.ResponseWriter, r *http.Request) {
	if panicked := recover(); panicked != nil {
		t.log.ErrorContext(r.Context(), "request panicked", "error", panicked, "stack", string(debug.Stack()))
		writeError(w, r, http.StatusInternalServerError, internalError, code(CodeUnexpected))
	}
}

// read reads the request's parameters; status is the answer's where it can't.
func (t *post) read(w http.ResponseWriter, r *request, params *graphql.RawParams) (status int, err error) {
	body, err := t.body(w, r.http, &r.buffers.body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || errors.Is(err, errBodyTooLarge):
		return http.StatusRequestEntityTooLarge, tooMany("body_bytes", "request body is larger than %d bytes", int(t.limits.BodyBytes))
	case err != nil:
		return http.StatusBadRequest, errors.New("request body could not be read")
	}
	if err := r.buffers.decodeParams(body, params); err != nil {
		return http.StatusBadRequest, fmt.Errorf("request body is not a GraphQL request: %w", err)
	}
	return 0, nil
}

var errBodyTooLarge = errors.New("body too large")

// body reads the body into buf, unpacked, within the limit.
func (t *post) body(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) ([]byte, error) {
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if n := r.ContentLength; encoding == "" && 0 < n && n <= min(t.limits.BodyBytes, maxKept) { // as routers send it
		buf.Grow(int(n))
		body := buf.AvailableBuffer()[:n]
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	reader := io.Reader(http.MaxBytesReader(w, r.Body, t.limits.BodyBytes))
	switch encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(reader)
		if err != nil {
			return nil, err
		}
		reader = io.LimitReader(unpacked, t.limits.BodyBytes+1)
	default:
		return nil, errors.New("unknown content encoding")
	}
	buf.Grow(int(max(0, min(r.ContentLength, maxKept)) + bytes.MinRead))
	if _, err := buf.ReadFrom(reader); err != nil {
		return nil, err
	}
	if int64(buf.Len()) > t.limits.BodyBytes {
		return nil, errBodyTooLarge
	}
	return buf.Bytes(), nil
}

var errNotAnObject = errors.New("expecting a JSON object")

// decodeParams reads {query, operationName, variables, extensions}. Variables stay as they are, see rawVariable.
func (b *buffers) decodeParams(body []byte, params *graphql.RawParams) error {
	dec := &b.decoder
	b.input = *bytes.NewBuffer(body)
	dec.Reset(&b.input)
	err := object(dec, func(name []byte) error {
		switch string(name) {
		case "query":
			return textOrNull(dec, "query", &params.Query)
		case "operationName":
			return textOrNull(dec, "operationName", &params.OperationName)
		case "variables":
			params.Variables = map[string]any{}
			return objectOrNull(dec, "variables", func(name []byte) error {
				variable := string(name) // which the next read overwrites
				value, err := dec.ReadValue()
				end := int(dec.InputOffset())
				params.Variables[variable] = rawVariable{body[end-len(value) : end : end]}
				return err
			})
		case "extensions":
			value, err := dec.ReadValue()
			if err == nil && json.Unmarshal(value, &params.Extensions) != nil {
				return errors.New(`"extensions" must be an object`)
			}
			return err
		}
		return dec.SkipValue()
	})
	if err != nil {
		return syntax(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("unexpected data after the JSON object")
	}
	return nil
}

// syntax keeps what a client sent out of the error: the decoder quotes it.
func syntax(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("unexpected end of JSON")
	}
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("duplicate name of a member at byte %d", s.ByteOffset)
		}
		return fmt.Errorf("invalid JSON at byte %d", s.ByteOffset)
	}
	return err
}

// object reads an object and calls each for every member, which reads its value. The name is valid until then.
func object(dec *jsontext.Decoder, each func(name []byte) error) error {
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return err
		}
		return errNotAnObject
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return err
		}
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name, _ = jsontext.AppendUnquote(nil, quoted) // it was checked
		}
		if err := each(name); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func objectOrNull(dec *jsontext.Decoder, member string, each func(name []byte) error) error {
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	if err := object(dec, each); err != nil {
		if errors.Is(err, errNotAnObject) {
			return fmt.Errorf("%q must be an object", member)
		}
		return err
	}
	return nil
}

func textOrNull(dec *jsontext.Decoder, member string, text *string) error {
	token, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case token.Kind() == '"':
		*text = token.String()
	case token.Kind() != 'n':
		return fmt.Errorf("%q must be a string", member)
	}
	return nil
}

// acceptsJSON reports whether the client takes application/json; clients that say nothing do.
func acceptsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, jsonType) || strings.Contains(accept, "*/*") || strings.Contains(accept, "application/*") ||
		!strings.Contains(accept, responseType)
}

func requestErrorStatus(r *http.Request) int {
	if acceptsJSON(r) {
		return http.StatusOK
	}
	return http.StatusBadRequest
}

func writeError(w http.ResponseWriter, r *http.Request, status int, message string, extensions map[string]any) {
	write(w, r, status, nil, gqlerror.List{{Message: message, Extensions: extensions}})
}

// answerHead begins an answer that has data.
const answerHead = `{"data":`

// header values, so that they needn't be made for each answer.
var contentTypes = map[bool][]string{true: {jsonType}, false: {responseType}}

// counted is, in bytes, the length up to which net/http counts an answer itself, which costs less than a header of ours.
const counted = 1024

// write sends an answer and returns its bytes. The answer is answerHead and the data, which is JSON already and isn't
// touched, or empty where nothing was executed. It is written at once: net/http would send a part of its own for what
// comes after data that is larger than its buffer.
func write(w http.ResponseWriter, r *http.Request, status int, answer []byte, errs gqlerror.List) []byte {
	if len(errs) > 0 {
		if len(answer) == 0 {
			answer = append(answer, '{')
		} else {
			answer = append(answer, ',')
		}
		answer = append(append(answer, `"errors":`...), marshalErrors(errs)...)
	}
	answer = append(answer, '}')
	header := w.Header()
	header["Content-Type"] = contentTypes[acceptsJSON(r)]
	if len(answer) > counted {
		header["Content-Length"] = []string{strconv.Itoa(len(answer))}
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer) // an error says that the client is gone
	return answer
}

// marshalErrors leaves the extensions out where they are not JSON: a Go function that answers an action can put
// anything into them.
func marshalErrors(errs gqlerror.List) []byte {
	text, err := json.Marshal(errs)
	if err == nil {
		return text
	}
	plain := make(gqlerror.List, len(errs))
	for i, e := range errs {
		plain[i] = &gqlerror.Error{Message: e.Message, Path: e.Path, Locations: e.Locations, Extensions: code(CodeUnexpected)}
	}
	text, _ = json.Marshal(plain)
	return text
}
