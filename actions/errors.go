package actions

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/metadata"
)

// Error is why a call gave no answer, in Hasura's words.
type Error struct {
	Message string // for the client

	// Extensions are for the client, too; never nil. They are either the handler's own, unchanged, or hold path ("$"),
	// code, and for admins and in development mode internal. Values are strings or marshal to JSON; a handler's
	// values that are no strings are json.RawMessage, so that no digit of a number is lost.
	Extensions map[string]any

	Reason Reason // for logs and metrics

	cause error
}

// Error is the message. It may hold what the handler wrote for the client.
func (e *Error) Error() string { return e.Message }

// Unwrap is the cause, such as context.DeadlineExceeded or a *net.OpError; nil where the message says all.
func (e *Error) Unwrap() error { return e.cause }

// Reason is the cause of an [Error] in one word.
type Reason string

// The reasons.
const (
	ReasonUnknownAction   Reason = "unknown_action"     // Call.Action is not in the metadata
	ReasonNotSupported    Reason = "not_supported"      // asynchronous, or with a transform
	ReasonConnection      Reason = "connection_error"   // no connection, or it broke
	ReasonTimeout         Reason = "timeout"            // the action's timeout, or an earlier deadline of the context
	ReasonCanceled        Reason = "canceled"           // the context was canceled
	ReasonTooLarge        Reason = "response_too_large" // the answer is above Options.MaxResponseBytes
	ReasonStatus          Reason = "unexpected_status"  // neither 2xx nor 4xx
	ReasonInvalidJSON     Reason = "invalid_json"       // the body of a 2xx or 4xx is not JSON
	ReasonInvalidResponse Reason = "invalid_response"   // JSON of the wrong shape
	ReasonHandler         Reason = "handler_error"      // the handler said so: 4xx with a message
)

// refuse is an error without a request.
func refuse(reason Reason, code, message string) *Error {
	return &Error{Message: message, Extensions: extensions(code), Reason: reason}
}

func extensions(code string) map[string]any {
	return map[string]any{"path": "$", "code": code}
}

// fail is an error of the exchange. Those who may see it get detail with the request and the answer as
// extensions.internal.
func (x *exchange) fail(reason Reason, code, message string, detail any, cause error) *Error {
	e := refuse(reason, code, message)
	e.cause = cause
	if x.call.Admin || x.client.devMode {
		e.Extensions["internal"] = internal{detail, x.shown()}
	}
	return e
}

// webhookError is what a handler answers with a 4xx status (hasura-actions.md section 4.1). Pointers tell what is
// absent or null.
type webhookError struct {
	Message    *string        `json:"message"`
	Code       *string        `json:"code"`
	Extensions jsontext.Value `json:"extensions"`
}

// handlerError is the error that a 4xx answer stands for.
func (x *exchange) handlerError() *Error {
	if _, err := validate(x.body, new(shape)); err != nil {
		return x.notJSON(err)
	}
	var w webhookError
	if err := jsonv2.Unmarshal(x.body, &w); err != nil {
		return x.parseFailed(shapeFault(err))
	}
	if w.Message == nil {
		return x.parseFailed("the key 'message' was not present")
	}
	e := refuse(ReasonHandler, "unexpected", *w.Message)
	if w.Code != nil {
		e.Extensions["code"] = *w.Code
	}
	if own, ok := verbatim(w.Extensions); ok {
		e.Extensions = own
	}
	return e
}

func (x *exchange) parseFailed(what string) *Error {
	message := "parsing the error response of the action webhook: " + what
	return x.fail(ReasonInvalidResponse, "parse-failed", message, "unexpected response", nil)
}

// shapeFault says which part of a webhookError is of the wrong kind.
func shapeFault(err error) string {
	semantic := new(jsonv2.SemanticError)
	if !errors.As(err, &semantic) || semantic.JSONPointer == "" {
		return "expected an object"
	}
	return fmt.Sprintf("the key '%s' is not a string", semantic.JSONPointer.LastToken())
}

// verbatim returns the members of a JSON object. It reports false where raw is no object, since GraphQL knows no other
// extensions.
func verbatim(raw jsontext.Value) (map[string]any, bool) {
	if raw.Kind() != jsontext.KindBeginObject {
		return nil, false
	}
	var members map[string]json.RawMessage
	if err := jsonv2.Unmarshal(raw, &members); err != nil {
		return nil, false
	}
	out := make(map[string]any, len(members))
	for name, value := range members {
		out[name] = value
		var s string
		if value[0] == '"' && jsonv2.Unmarshal(value, &s) == nil {
			out[name] = s
		}
	}
	return out, true
}

// internal is extensions.internal (hasura-actions.md section 4.2).
type internal struct {
	Error any `json:"error"`
	Exchange
}

// Exchange is a request to a handler and what came back, as far as it may be shown: headers that commonly hold secrets
// have no value, and templates and names of variables stand for what they became.
type Exchange struct {
	Request  Request   `json:"request"`
	Response *Response `json:"response"` // null where none came
}

// Request is what a handler was sent, by POST.
type Request struct {
	URL         string          `json:"url"` // with its templates
	Body        json.RawMessage `json:"body"`
	Headers     []Header        `json:"headers"`
	Transformed *struct{}       `json:"transformed_request"` // always null
}

// Response is what it answered. The body is JSON where it is that, else a string; it may be cut.
type Response struct {
	Status  int      `json:"status"`
	Body    any      `json:"body"`
	Headers []Header `json:"headers"`
}

// Header is a header as the metadata spells it.
type Header struct {
	Name         string  `json:"name"`
	Value        *string `json:"value,omitempty"`
	ValueFromEnv string  `json:"value_from_env,omitempty"`
}

// httpException is Hasura's form of an error of the HTTP client, as far as it is safe to show.
type httpException struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// maxShown bounds the answer in extensions.internal.
const maxShown = 64 << 10

// shown is the exchange without secrets.
func (x *exchange) shown() Exchange {
	out := Exchange{Request: Request{
		URL:     x.action.metadata.Handler,
		Body:    x.payload,
		Headers: append(configuredInfo(x.action.metadata.Headers), headerInfos(x.forwarded)...),
	}}
	if x.status != 0 {
		out.Response = &Response{Status: x.status, Body: shown(x.body), Headers: headerInfos(x.header)}
	}
	return out
}

// shown is the body of an answer: as JSON where it is, else as a string, cut where it is long.
func shown(body []byte) any {
	if len(body) <= maxShown && jsontext.Value(body).IsValid() {
		return json.RawMessage(body)
	}
	return strings.ToValidUTF8(string(body[:min(len(body), maxShown)]), string(utf8.RuneError))
}

// configuredInfo shows the metadata's headers with templates and names of variables, not what they became.
func configuredInfo(headers []metadata.Header) []Header {
	infos := make([]Header, 0, len(headers))
	for _, h := range headers {
		info := Header{Name: h.Name, ValueFromEnv: h.ValueFromEnv}
		if h.ValueFromEnv == "" {
			info.Value = redact(h.Name, h.Value)
		}
		infos = append(infos, info)
	}
	return infos
}

// headerInfos shows headers, sorted by name.
func headerInfos(h http.Header) []Header {
	infos := make([]Header, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			infos = append(infos, Header{Name: name, Value: redact(name, v)})
		}
	}
	slices.SortStableFunc(infos, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return infos
}

// redact hides the value of a header that commonly holds a secret.
func redact(name, value string) *string {
	name = strings.ToLower(name)
	for _, word := range []string{"auth", "cookie", "secret", "token", "key", "password", "session", "signature"} {
		if strings.Contains(name, word) {
			value = "<redacted>"
		}
	}
	return &value
}
