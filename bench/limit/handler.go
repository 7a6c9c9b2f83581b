package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
)

// handler calls the actions' handlers, as Hasura does.
type handler struct {
	client *http.Client
	url    string
}

func newHandler(url string) *handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64 // by default all but two connections are closed after use
	transport.DisableCompression = true
	return &handler{client: &http.Client{Transport: transport}, url: url}
}

// call posts the payload that Hasura posts and returns the answer. The action's arguments are the request's variables.
// https://hasura.io/docs/2.0/actions/action-handlers/
func (h *handler) call(ctx context.Context, action, path string, q request) ([]byte, error) {
	body := make([]byte, 0, len(q.query)+len(q.variables)+160)
	body = append(append(append(body, `{"action":{"name":"`...), action...), `"},"input":`...)
	body = append(append(body, q.variables...), `,"session_variables":{"x-hasura-role":"admin"},"request_query":`...)
	body = append(append(body, q.query...), '}')
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header["Content-Type"] = contentType
	response, err := h.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("call action %q: status %d", action, response.StatusCode)
	}
	return readAll(nil, response.Body, response.ContentLength)
}
