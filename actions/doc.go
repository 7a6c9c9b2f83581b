// Package actions calls the handlers of actions as Hasura does.
//
// A handler is the REST endpoint that answers an action. [New] prepares every action of the metadata once: it fills
// the {{ENV}} templates of handler URLs and header values, checks them, and compiles what the answers must look like.
// Everything that is wrong comes back at once, each fault with its file and line:
//
//	client, faults := actions.New(md, actions.Options{Version: version})
//	if err := faults.Err(); err != nil {
//		return err
//	}
//
// # Call an action
//
// [Client.Call] sends the arguments with the caller's session and returns the handler's JSON, checked against the
// action's output type:
//
//	answer, err := client.Call(ctx, actions.Call{
//		Action:           "createUser",
//		Input:            json.RawMessage(`{"name":"Hodor"}`),
//		SessionVariables: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1"},
//		RequestQuery:     query,
//		ClientHeader:     r.Header,
//		ClientHost:       r.Host,
//	})
//
// The bytes of [Answer.Output] are the handler's own. Only what Hasura checks is checked: the top level and the
// non-null fields of its objects. Whoever renders nested fields must expect any JSON there, and null.
//
// # Show an error
//
// Every error of Call is an [*Error]. Message and Extensions go to the client as they are; the cause, for logs, is
// behind errors.Is and errors.As, and [Error.Reason] is one word for metrics:
//
//	var e *actions.Error
//	if errors.As(err, &e) {
//		return &gqlerror.Error{Message: e.Message, Extensions: e.Extensions, Path: path}
//	}
//
// # Reload the metadata
//
// Build a new Client with the same Options.Transport, as made by [NewTransport], so that open connections are used
// on, and let the old Client finish its calls. A Client holds nothing that needs closing.
//
// The user's view of all this, with every difference from Hasura, is in docs/actions.md.
package actions
