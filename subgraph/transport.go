package subgraph

import (
	"bytes"
	"compress/gzip"
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
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	jsonType     = "application/json"
	responseType = "application/graphql-response+json"
)

// post is GraphQL over HTTP POST (https://graphql.github.io/graphql-over-http/draft/). Unlike gqlgen's own it leaves
// variables in the request's bytes, bounds the body, takes gzip, and writes the answer without making values of it.
type post struct {
	maxBody int64
	log     *slog.Logger
}

var _ graphql.Transport = post{}

// Supports takes POST with a JSON body. Other content types are refused, also against CSRF: a browser sends this one to
// another site only after it asked.
func (post) Supports(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == jsonType
}

// Do answers a request. A request that is not executed at all gives status 200 where the client takes application/json,
// as Hasura answers, and 400 where it takes application/graphql-response+json only.
func (t post) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	defer t.recover(w, r)
	req := &request{http: r, buffers: takeBuffers()}
	ctx := withRequest(r.Context(), req)
	params := &graphql.RawParams{Headers: r.Header}
	params.ReadTime.Start = graphql.Now()
	if status, err := t.read(w, req, params); err != nil {
		writeError(w, r, status, err.Error(), code(CodeBadRequest))
		return
	}
	params.ReadTime.End = graphql.Now()
	oc, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		write(w, r, requestErrorStatus(r), exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs))
		return
	}
	handler, ctx := exec.DispatchOperation(ctx, oc)
	response := handler(ctx)
	if response == nil { // the client is gone
		return
	}
	for _, cookie := range req.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	status := http.StatusOK
	if response.Data == nil {
		status = requestErrorStatus(r)
	}
	write(w, r, status, response)
	req.buffers.release() // nothing refers to them any more; after a panic they are left alone
}

// buffers are a request's body and its answer's data.
type buffers struct {
	body bytes.Buffer
	data []byte
}

var bufferPool = sync.Pool{New: func() any { return &buffers{} }}

func takeBuffers() *buffers { return bufferPool.Get().(*buffers) }

// maxKept bounds what is kept of a request's memory, in bytes.
const maxKept = 1 << 20

func (b *buffers) release() {
	if b.body.Cap() > maxKept || cap(b.data) > maxKept {
		return
	}
	b.body.Reset()
	b.data = b.data[:0]
	bufferPool.Put(b)
}

// recover answers a request that panicked. Nothing was written before: an answer is written at once.
func (t post) recover(w http.ResponseWriter, r *http.Request) {
	if panicked := recover(); panicked != nil {
		t.log.ErrorContext(r.Context(), "request panicked", "error", panicked, "stack", string(debug.Stack()))
		writeError(w, r, http.StatusInternalServerError, internalError, code(CodeUnexpected))
	}
}

// read reads the request's parameters; status is the answer's where it can't.
func (t post) read(w http.ResponseWriter, r *request, params *graphql.RawParams) (status int, err error) {
	body, err := t.body(w, r.http, &r.buffers.body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || errors.Is(err, errBodyTooLarge):
		return http.StatusRequestEntityTooLarge, fmt.Errorf("request body is larger than %d bytes", t.maxBody)
	case err != nil:
		return http.StatusBadRequest, errors.New("request body could not be read")
	}
	if err := decodeParams(body, params); err != nil {
		return http.StatusBadRequest, fmt.Errorf("request body is not a GraphQL request: %w", err)
	}
	return 0, nil
}

var errBodyTooLarge = errors.New("body too large")

// body reads the body into buf, unpacked, within the limit.
func (t post) body(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) ([]byte, error) {
	reader := io.Reader(http.MaxBytesReader(w, r.Body, t.maxBody))
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(reader)
		if err != nil {
			return nil, err
		}
		reader = io.LimitReader(unpacked, t.maxBody+1)
	default:
		return nil, errors.New("unknown content encoding")
	}
	buf.Grow(int(max(0, min(r.ContentLength, maxKept)) + bytes.MinRead))
	if _, err := buf.ReadFrom(reader); err != nil {
		return nil, err
	}
	if int64(buf.Len()) > t.maxBody {
		return nil, errBodyTooLarge
	}
	return buf.Bytes(), nil
}

var errNotAnObject = errors.New("expecting a JSON object")

// decodeParams reads {query, operationName, variables, extensions}. Variables stay as they are, see rawVariable.
func decodeParams(body []byte, params *graphql.RawParams) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	err := object(dec, func(name string) error {
		switch name {
		case "query":
			return textOrNull(dec, name, &params.Query)
		case "operationName":
			return textOrNull(dec, name, &params.OperationName)
		case "variables":
			params.Variables = map[string]any{}
			return objectOrNull(dec, name, func(variable string) error {
				value, err := dec.ReadValue()
				end := int(dec.InputOffset())
				params.Variables[variable] = rawVariable{body[end-len(value) : end : end]}
				return err
			})
		case "extensions":
			value, err := dec.ReadValue()
			if err == nil && json.Unmarshal(value, &params.Extensions) != nil {
				return fmt.Errorf("%q must be an object", name)
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
		return fmt.Errorf("invalid JSON at byte %d", s.ByteOffset)
	}
	return err
}

// object reads an object and calls each for every member, which reads its value.
func object(dec *jsontext.Decoder, each func(name string) error) error {
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
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := each(name.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func objectOrNull(dec *jsontext.Decoder, member string, each func(name string) error) error {
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
	write(w, r, status, &graphql.Response{Errors: gqlerror.List{{Message: message, Extensions: extensions}}})
}

// write sends a response. Data, which is JSON already, is not touched; a response without data never had an execution.
func write(w http.ResponseWriter, r *http.Request, status int, response *graphql.Response) {
	contentType := jsonType
	if !acceptsJSON(r) {
		contentType = responseType
	}
	w.Header().Set("Content-Type", contentType)
	head, tail := []byte{'{'}, []byte(nil)
	if response.Data != nil {
		head = append(head, `"data":`...)
		tail = append(tail, ',')
	}
	if len(response.Errors) > 0 {
		tail = appendMember(tail, "errors", marshalErrors(response.Errors))
	}
	if len(response.Extensions) > 0 {
		if text, err := json.Marshal(response.Extensions); err == nil {
			tail = appendMember(tail, "extensions", text)
		}
	}
	if len(tail) > 0 && tail[len(tail)-1] == ',' {
		tail = tail[:len(tail)-1]
	}
	tail = append(tail, '}')
	w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(response.Data)+len(tail)))
	w.WriteHeader(status)
	for _, part := range [][]byte{head, response.Data, tail} {
		_, _ = w.Write(part) // an error says that the client is gone
	}
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

// appendMember adds a member and a comma.
func appendMember(body []byte, name string, text []byte) []byte {
	return append(append(append(append(append(body, '"'), name...), `":`...), text...), ',')
}
