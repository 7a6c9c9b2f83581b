package actions

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// payloadHead is the part of the payload that is the same in all calls of an action.
func payloadHead(name string) []byte {
	head := appendString([]byte(`{"action":{"name":`), name)
	return append(head, `},"input":`...)
}

// payload is the body that a handler is sent (hasura-actions.md section 3). Session variables are sorted by name, so
// that the same call gives the same bytes.
func payload(head []byte, call *Call) []byte {
	b := make([]byte, 0, len(head)+len(call.Input)+len(call.RequestQuery)+64*len(call.SessionVariables)+64)
	b = append(b, head...)
	if len(call.Input) == 0 {
		b = append(b, "{}"...)
	}
	b = append(b, call.Input...)
	b = append(b, `,"session_variables":`...)
	b = appendSession(b, call.SessionVariables)
	b = append(b, `,"request_query":`...)
	if call.RequestQuery == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, call.RequestQuery)
	}
	return append(b, '}')
}

func appendSession(b []byte, vars map[string]string) []byte {
	b = append(b, '{')
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if isAdminSecret(name) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		b = appendString(b, vars[name])
	}
	return append(b, '}')
}

// isAdminSecret tells whether name is one of the two headers that prove an admin; they are never session variables.
func isAdminSecret(name string) bool {
	return name == "x-hasura-admin-secret" || name == "x-hasura-access-key"
}

// appendString appends s as a JSON string. Invalid UTF-8 (headers may hold Latin-1) becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error only reports the replacement
	return b
}
