package actions_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestStatus has the rows of hasura-actions.md sections 4.1 and 4.2.
func TestStatus(t *testing.T) {
	const (
		unexpected  = `{"code":"unexpected","path":"$"}`
		parseFailed = `{"code":"parse-failed","path":"$"}`
		notJSON     = "not a valid json response from webhook"
		parsing     = "parsing the error response of the action webhook: "
	)
	tests := []struct {
		name       string
		status     int
		body       string
		message    string // "" for an answer
		extensions string
		reason     actions.Reason
	}{
		{"200", 200, user, "", "", ""},
		{"201", 201, user, "", "", ""},
		{"299", 299, "\r\n" + user + " \t\n", "", "", ""},
		{"200 null for a nullable type", 200, " null ", "", "", ""},
		{"200 HTML", 200, "<html>", notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 empty", 200, "", notJSON, unexpected, actions.ReasonInvalidJSON},
		{"204", 204, "", notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 cut", 200, `{"id": "x", "age": 1`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 trailing garbage", 200, user + "x", notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 two values", 200, user + user, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 garbage after a misfit", 200, `7 x`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 invalid UTF-8", 200, "{\"id\": \"\xff\", \"age\": 1}", notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 half a surrogate pair", 200, `{"id": "\ud800", "age": 1}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 byte order mark", 200, "\uFEFF" + user, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 NaN", 200, `{"id": "x", "age": NaN}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 Infinity below", 200, `{"id": "x", "age": 1, "friend": {"age": -Infinity}}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 duplicate name", 200, `{"id": "x", "age": 1, "id": null}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 duplicate name, escaped", 200, `{"id": "x", "age": 1, "\u0069d": "y"}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 duplicate name below", 200, `{"id": "x", "age": 1, "friend": {"a": 1, "a": 1}}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"200 single quotes", 200, `{'id': 'x', 'age': 1}`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"301", 301, user, "internal error", unexpected, actions.ReasonStatus},
		{"304", 304, "", "internal error", unexpected, actions.ReasonStatus},
		{"500", 500, `{"message": "no"}`, "internal error", unexpected, actions.ReasonStatus},
		{"502 HTML", 502, `<html>`, "internal error", unexpected, actions.ReasonStatus},
		{"599 empty", 599, ``, "internal error", unexpected, actions.ReasonStatus},
		{"400 message", 400, `{"message": "no \u00fc"}`, "no ü", unexpected, actions.ReasonHandler},
		{"499 empty message", 499, `{"message": ""}`, "", unexpected, actions.ReasonHandler},
		{"400 code", 400, `{"message": "no", "code": "bad-email"}`, "no", `{"code":"bad-email","path":"$"}`, actions.ReasonHandler},
		{"400 nulls", 400, `{"message": "no", "code": null, "extensions": null}`, "no", unexpected, actions.ReasonHandler},
		{"400 empty extensions", 400, `{"message": "no", "code": "x", "extensions": {}}`, "no", `{}`, actions.ReasonHandler},
		{"400 extensions alone", 400, `{"message": "no", "extensions": {"code": "x"}}`, "no", `{"code":"x"}`, actions.ReasonHandler},
		{
			"400 extensions verbatim", 400,
			`{"message": "no", "code": "x", "extensions": {"code": "y", "n": 9007199254740993.10, "o": {"b": [1, null], "a": "\u00fc"}}}`,
			"no", `{"code":"y","n":9007199254740993.10,"o":{"b":[1,null],"a":"\u00fc"}}`, actions.ReasonHandler,
		},
		{"400 extensions that are no object", 400, `{"message": "no", "code": "x", "extensions": [1]}`, "no", `{"code":"x","path":"$"}`, actions.ReasonHandler},
		{"400 other keys", 400, `{"Message": "a", "message": "no", "x": 1}`, "no", unexpected, actions.ReasonHandler},
		{"400 without message", 400, `{"error": "no"}`, parsing + "the key 'message' was not present", parseFailed, actions.ReasonInvalidResponse},
		{"400 message null", 400, `{"message": null}`, parsing + "the key 'message' was not present", parseFailed, actions.ReasonInvalidResponse},
		{"400 null", 400, `null`, parsing + "the key 'message' was not present", parseFailed, actions.ReasonInvalidResponse},
		{"400 message a number", 400, `{"message": 4}`, parsing + "the key 'message' is not a string", parseFailed, actions.ReasonInvalidResponse},
		{"400 code a number", 400, `{"message": "no", "code": 4}`, parsing + "the key 'code' is not a string", parseFailed, actions.ReasonInvalidResponse},
		{"400 array", 400, `[]`, parsing + "expected an object", parseFailed, actions.ReasonInvalidResponse},
		{"404 HTML", 404, `<html>`, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"400 empty", 400, ``, notJSON, unexpected, actions.ReasonInvalidJSON},
		{"400 garbage after a misfit", 400, `{"message": 4} x`, notJSON, unexpected, actions.ReasonInvalidJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, answering(tt.status, tt.body))
			c := newClient(t, actions.Options{}, action(srv.URL, nil))
			if tt.reason == "" {
				answer, err := c.Call(context.Background(), call())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(trim(tt.body), string(answer.Output)); diff != "" {
					t.Errorf("output (-want +got):\n%s", diff)
				}
				return
			}
			e := callError(t, c, call())
			if e.Message != tt.message || e.Error() != tt.message || e.Reason != tt.reason {
				t.Errorf("error is %q (%s), want %q (%s)", e.Message, e.Reason, tt.message, tt.reason)
			}
			wantJSON(t, tt.extensions, marshal(t, e.Extensions))
		})
	}
}

// TestOutput has the rows of hasura-actions.md section 4.3.
func TestOutput(t *testing.T) {
	const (
		null    = "got null for the action webhook response"
		list    = "expecting array for the action webhook response"
		gotText = "got scalar String for the action webhook response, expecting "
		gotBool = "got scalar Boolean for the action webhook response, expecting "
		gotList = "got array for the action webhook response, expecting "
		gotObj  = "got object for the action webhook response, expecting "
		noID    = `field "id" expected in webhook response, but not found`
		noAge   = `field "age" expected in webhook response, but not found`
		nullID  = `expecting not null value for field "id"`
	)
	tests := []struct {
		output, body string
		want         string // "" for an answer
	}{
		{"UserId", `null`, ""},
		{"UserId!", `null`, null},
		{"UserId!", user, ""},
		{"UserId", `"x"`, gotText + "UserId"},
		{"UserId", `7`, gotText + "UserId"},
		{"UserId", `true`, gotBool + "UserId"},
		{"UserId!", `false`, gotBool + "UserId"},
		{"UserId!", `[]`, gotList + "UserId"},
		{"UserId", `{}`, noID},
		{"UserId", `{"id": "x"}`, noAge},
		{"UserId", `{"age": 1, "id": null}`, nullID},
		{"UserId", `{"ID": "x", "age": 1}`, noID},
		{"UserId", `{"\u0069d": "x", "age": 1}`, ""},
		{"UserId", `{"id": "x", "age": 1, "name": null}`, ""},
		{"UserId", `{"id": "x", "age": 1, "more": {"id": null}}`, ""},
		// Leaves are not type-checked, nested objects are not looked into.
		{"UserId", `{"id": 7, "age": "x", "name": []}`, ""},
		{"UserId", `{"id": "x", "age": 1, "friend": {"id": null}}`, ""},
		{"UserId", `{"id": "x", "age": 1, "friend": 3}`, ""},

		{"[UserId]", `null`, ""},
		{"[UserId]!", `null`, null},
		{"[UserId]", `[]`, ""},
		{"[UserId]", `[` + user + `, null, ` + user + `]`, ""},
		{"[UserId!]", `[` + user + `, null]`, null},
		{"[UserId]", `{}`, list},
		{"[UserId]", `"x"`, list},
		{"[UserId]", `1`, list},
		{"[UserId]", `true`, list},
		{"[UserId]", `[1]`, gotText + "UserId"},
		{"[UserId]", `[[]]`, gotList + "UserId"},
		{"[UserId]", `[` + user + `, {"id": "x"}]`, noAge},
		{"[[UserId!]!]", `[[], [` + user + `]]`, ""},
		{"[[UserId!]!]", `[[` + user + `], null]`, null},
		{"[[UserId!]!]", `[[null]]`, null},
		{"[[UserId!]!]", `[` + user + `]`, list},

		{"Int", `7`, ""},
		{"Int!", `1.5`, ""},
		{"Int", `null`, ""},
		{"Int!", `null`, null},
		{"Int", `"7"`, gotText + "Int"},
		{"Int", `true`, gotBool + "Int"},
		{"Int", `{}`, gotObj + "Int"},
		{"Int", `[]`, gotList + "Int"},
		{"[Int]!", `["foo", "bar", null]`, gotText + "Int"},
		{"[Int!]", `[1, null]`, null},
		{"Float", `1`, ""},
		{"Float", `"1"`, gotText + "Float"},
		{"String", `"x"`, ""},
		{"String", `1`, gotText + "String"},
		{"String!", `{}`, gotObj + "String"},
		{"ID", `"x"`, ""},
		{"ID", `1`, gotText + "ID"},
		{"ID", `true`, gotBool + "ID"},
		{"Boolean", `false`, ""},
		{"Boolean", `0`, gotText + "Boolean"},
		{"Boolean", `"true"`, gotText + "Boolean"},
		{"[Boolean]", `[true, 1]`, gotText + "Boolean"},

		{"jsonb", `{"a": [1, "x", null, true]}`, ""},
		{"jsonb", `[1]`, ""},
		{"uuid!", `"x"`, ""},
		{"timestamptz", `7`, ""},
		{"[jsonb]", `[[], {}, null, 1]`, ""},
		{"[jsonb]", `{}`, list},
		{"jsonb!", `null`, null},
		{"Anything", `[{"id": null}]`, ""},
		{"[Anything!]", `[true, null]`, null},
	}
	for _, tt := range tests {
		t.Run(tt.output+" "+tt.body, func(t *testing.T) {
			srv := serve(t, answering(http.StatusOK, tt.body))
			c := newClient(t, actions.Options{}, action(srv.URL, func(a *metadata.Action) { a.Output = parseType(tt.output) }))
			if tt.want == "" {
				answer, err := c.Call(context.Background(), call())
				if err != nil {
					t.Fatal(err)
				}
				if string(answer.Output) != tt.body {
					t.Errorf("output is %s", answer.Output)
				}
				return
			}
			e := callError(t, c, call())
			if e.Message != tt.want || e.Reason != actions.ReasonInvalidResponse {
				t.Errorf("error is %q (%s), want %q", e.Message, e.Reason, tt.want)
			}
			wantJSON(t, `{"code":"unexpected","path":"$"}`, marshal(t, e.Extensions))
		})
	}
}

func TestInternal(t *testing.T) {
	const secret = "s3cret"
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "sid="+secret)
		w.Header().Set("Content-Type", "application/json")
		w.Header()["Date"] = nil
		_, _ = w.Write([]byte(`{"id": 1}`))
	}
	srv := serve(t, handler)
	a := action("{{BASE}}/create?key={{SECRET}}", func(a *metadata.Action) {
		a.ForwardClientHeaders = true
		a.Headers = []metadata.Header{
			{Name: "X-Env", ValueFromEnv: "SECRET"},
			{Name: "X-Template", Value: "a {{SECRET}}"},
			{Name: "Authorization", Value: "Bearer " + secret},
		}
	})
	env := environment(map[string]string{"BASE": srv.URL, "SECRET": secret})
	cl := call()
	cl.ClientHeader = http.Header{"Cookie": {secret}, "X-Request-Id": {"1"}}
	want := `{
		"error": "unexpected response",
		"request": {
			"url": "{{BASE}}/create?key={{SECRET}}",
			"body": {"action": {"name": "createUser"}, "input": {"name": "Hodor"},
				"session_variables": {"x-hasura-role": "user", "x-hasura-user-id": "1"},
				"request_query": "mutation { createUser(name: \"Hodor\") { id } }"},
			"headers": [
				{"name": "X-Env", "value_from_env": "SECRET"},
				{"name": "X-Template", "value": "a {{SECRET}}"},
				{"name": "Authorization", "value": "<redacted>"},
				{"name": "Cookie", "value": "<redacted>"},
				{"name": "X-Request-Id", "value": "1"}],
			"transformed_request": null},
		"response": {
			"status": 200, "body": {"id": 1},
			"headers": [
				{"name": "Content-Length", "value": "9"},
				{"name": "Content-Type", "value": "application/json"},
				{"name": "Set-Cookie", "value": "<redacted>"}]}}`
	tests := []struct {
		name           string
		admin, devMode bool
		want           bool
	}{
		{"anyone", false, false, false},
		{"admin", true, false, true},
		{"development mode", false, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, actions.Options{LookupEnv: env, DevMode: tt.devMode}, a)
			cl := cl
			cl.Admin = tt.admin
			e := callError(t, c, cl)
			internal, ok := e.Extensions["internal"]
			if ok != tt.want {
				t.Fatalf("internal is %v", internal)
			}
			if ok {
				wantJSON(t, want, marshal(t, internal))
			}
		})
	}
}

func TestInternalOfOtherErrors(t *testing.T) {
	tests := []struct {
		name        string
		handler     http.HandlerFunc
		error, body string // of internal
	}{
		{"not JSON", answering(200, "<html>"), `"invalid json: jsontext: invalid character '<' at start of value"`, `"<html>"`},
		{"not UTF-8", answering(200, "\xff"), `"invalid json: jsontext: invalid character '\\xff' at start of value"`, `"\ufffd"`},
		{"status", answering(503, `{"a": 1}`), `"expecting 2xx or 4xx status code, but found 503"`, `{"a":1}`},
		{"no message", answering(400, `{"a": 1}`), `"unexpected response"`, `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, tt.handler)
			cl := call()
			cl.Admin = true
			e := callError(t, newClient(t, actions.Options{}, action(srv.URL, nil)), cl)
			var got struct {
				Internal struct {
					Error    any
					Response struct{ Body any }
				}
			}
			unmarshal(t, marshal(t, e.Extensions), &got)
			wantJSON(t, tt.error, marshal(t, got.Internal.Error))
			wantJSON(t, tt.body, marshal(t, got.Internal.Response.Body))
		})
	}
}

func TestHandlerErrorHasNoInternal(t *testing.T) {
	srv := serve(t, answering(422, `{"message": "no"}`))
	cl := call()
	cl.Admin = true
	e := callError(t, newClient(t, actions.Options{DevMode: true}, action(srv.URL, nil)), cl)
	wantJSON(t, `{"code":"unexpected","path":"$"}`, marshal(t, e.Extensions))
}

func TestSetCookie(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; HttpOnly")
		w.Header().Add("Set-Cookie", "b=2")
		_, _ = w.Write([]byte(user))
	})
	answer, err := newClient(t, actions.Options{}, action(srv.URL, nil)).Call(context.Background(), call())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=1; HttpOnly", "b=2"}, answer.SetCookie); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}
