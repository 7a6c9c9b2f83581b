package actions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// exchange is one request to a handler and what came back.
type exchange struct {
	client *Client
	action *action
	call   *Call

	payload   []byte
	forwarded http.Header // client headers among those sent

	status int         // zero until the handler has answered
	header http.Header // of the answer
	body   []byte
}

// run sends the request and judges the answer by its status (hasura-actions.md section 4.1). The error is nil or an
// *Error.
func (x *exchange) run(ctx context.Context) (*Answer, *Error) {
	x.payload = payload(x.action.head, x.call)
	if err := x.exchange(ctx); err != nil {
		return nil, err
	}
	switch {
	case x.status/100 == 2:
		return x.answer()
	case x.status/100 == 4:
		return nil, x.handlerError()
	default:
		return nil, x.statusError()
	}
}

// exchange sends the request and reads the answer, and measures both.
func (x *exchange) exchange(ctx context.Context) (failure *Error) {
	start := time.Now()
	if err := x.roundTrip(ctx); err != nil {
		failure = x.exchangeError(ctx, err)
	}
	if t := &x.client.telemetry; t.duration != nil {
		t.record(ctx, start, x, failure)
	}
	return failure
}

func (x *exchange) roundTrip(ctx context.Context) error {
	var header http.Header
	header, x.forwarded = x.client.requestHeader(x.action, x.call)
	x.client.telemetry.inject(ctx, header)
	resp, err := x.client.transport.RoundTrip(x.request(ctx, header))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	x.status, x.header = resp.StatusCode, resp.Header
	return x.readBody(resp)
}

func (x *exchange) request(ctx context.Context, header http.Header) *http.Request {
	r := x.action.request.WithContext(ctx)
	r.Header = header
	r.ContentLength = int64(len(x.payload))
	r.Body = io.NopCloser(bytes.NewReader(x.payload))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(x.payload)), nil }
	return r
}

// errTooLarge is the cause of an answer that was cut.
var errTooLarge = errors.New("response larger than the limit")

// readBody reads the answer up to the limit. The body of an answer that counts by its status alone is read a little
// way, so that the connection can be kept, and its faults don't matter.
func (x *exchange) readBody(resp *http.Response) (err error) {
	switch resp.StatusCode / 100 {
	case 2, 4:
		x.body, err = readAll(resp, x.client.maxResponse)
	case 3, 5:
		x.body, _ = readAll(resp, min(maxShown, x.client.maxResponse))
	}
	return err
}

// readAll reads all of the body but not more than limit bytes, for which it takes at most about three times the limit
// of memory. It trusts the length that is declared only up to 1 MiB.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	size := int64(4 << 10)
	if resp.ContentLength >= 0 {
		size = min(resp.ContentLength+1, 1<<20)
	}
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(buf.Len()) > limit {
		err = errTooLarge
	}
	return buf.Bytes(), err
}

// answer checks the body of a 2xx answer.
func (x *exchange) answer() (*Answer, *Error) {
	fault, err := validate(x.body, x.action.output)
	switch {
	case err != nil:
		return nil, x.notJSON(err)
	case fault != "":
		return nil, x.fail(ReasonInvalidResponse, "unexpected", fault, "unexpected response", nil)
	}
	return &Answer{Output: bytes.TrimSpace(x.body), SetCookie: x.header.Values("Set-Cookie")}, nil
}

// exchangeError is the error where no whole answer came.
func (x *exchange) exchangeError(ctx context.Context, err error) *Error {
	const message = "http exception when calling webhook"
	reason, detail := ReasonConnection, err.Error()
	switch {
	case errors.Is(err, errTooLarge):
		return x.fail(ReasonTooLarge, "unexpected",
			fmt.Sprintf("response of the action webhook is larger than %d bytes", x.client.maxResponse), err.Error(), err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		reason, detail, err = ReasonTimeout, "Response timeout", context.DeadlineExceeded
	case ctx.Err() != nil:
		reason, detail, err = ReasonCanceled, "request canceled", context.Cause(ctx)
	}
	return x.fail(reason, "unexpected", message, httpException{Type: "http_exception", Message: detail}, err)
}

func (x *exchange) notJSON(err error) *Error {
	return x.fail(ReasonInvalidJSON, "unexpected", "not a valid json response from webhook", "invalid json: "+err.Error(), err)
}

// statusError is the error of a status that means nothing here. Redirects are among them: following one could lead
// the payload and the secrets in its headers anywhere.
func (x *exchange) statusError() *Error {
	detail := fmt.Sprintf("expecting 2xx or 4xx status code, but found %d", x.status)
	return x.fail(ReasonStatus, "unexpected", "internal error", detail, errors.New(detail))
}
