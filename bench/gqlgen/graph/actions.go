package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// Actions calls the handlers of actions with the payload that Hasura posts.
// https://hasura.io/docs/2.0/actions/action-handlers/
type Actions struct {
	client *http.Client
	url    string
}

// NewActions calls handlers at url.
func NewActions(url string) *Actions {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64 // by default all but two connections are closed after use
	return &Actions{client: &http.Client{Transport: transport}, url: url}
}

type payload struct {
	Action           map[string]string `json:"action"`
	Input            any               `json:"input"`
	SessionVariables map[string]string `json:"session_variables"`
	RequestQuery     string            `json:"request_query"`
}

func (a *Actions) call(ctx context.Context, action, path string, input, output any) error {
	body, err := json.Marshal(payload{
		Action:           map[string]string{"name": action},
		Input:            input,
		SessionVariables: map[string]string{"x-hasura-role": "admin"},
		RequestQuery:     graphql.GetOperationContext(ctx).RawQuery,
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("call action %q: status %d", action, response.StatusCode)
	}
	return json.NewDecoder(response.Body).Decode(output)
}
