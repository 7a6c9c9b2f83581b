package subgraph

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/entities"
)

// maxParallelCalls bounds how many calls an operation makes at once for fields that an action gives: a list must not
// become as many requests to a handler at the same moment.
const maxParallelCalls = 16

// Call calls the action that gives a field, once for each input.
func (x *execution) Call(ctx context.Context, action string, id any, inputs [][]byte) []entities.Input {
	out := make([]entities.Input, len(inputs))
	run := x.explanation.calls(id)
	defer run.end(out...)
	if !x.mayCall(int64(len(inputs))) {
		err := tooMany("calls", "operation needs more than %d calls of actions for its fields", x.options.Limits.Calls)
		for i := range out {
			out[i].Err = err
		}
		return out
	}
	x.once.Do(func() { x.parallel = make(chan struct{}, maxParallelCalls) })
	var wg sync.WaitGroup
	for i, input := range inputs {
		x.parallel <- struct{}{}
		wg.Go(func() {
			defer func() { <-x.parallel }()
			out[i] = x.callAction(ctx, action, input, run.observe(i))
		})
	}
	wg.Wait()
	return out
}

// mayCall reports whether n calls more are within the limit, and counts them if they are.
func (x *execution) mayCall(n int64) bool {
	for {
		have := x.calls.Load()
		if have+n > int64(x.options.Limits.Calls) {
			return false
		}
		if x.calls.CompareAndSwap(have, have+n) {
			return true
		}
	}
}

// callAction calls an action with arguments, a JSON object. observe may be nil.
func (x *execution) callAction(ctx context.Context, name string, arguments []byte, observe func(actions.Exchange)) (in entities.Input) {
	defer func() {
		if r := recover(); r != nil {
			in = entities.Input{Err: fmt.Errorf("BUG: panic in action %q: %v\n%s", name, r, debug.Stack())}
		}
	}()
	answer, err := x.options.Actions.Call(ctx, actions.Call{
		Action:           name,
		Input:            arguments,
		SessionVariables: x.session.Variables,
		RequestQuery:     x.oc.RawQuery,
		ClientHeader:     x.oc.Headers,
		ClientHost:       requestFrom(ctx).host(),
		Admin:            x.session.IsAdmin(),
		Observe:          observe,
	})
	if err != nil {
		return entities.Input{Err: err}
	}
	if _, checked := x.options.Actions.(*actions.Client); !checked && !jsontext.Value(answer.Output).IsValid() {
		return entities.Input{Err: fmt.Errorf("action %q: the output is not valid JSON", name)}
	}
	requestFrom(ctx).setCookies(answer.SetCookie)
	return entities.Input{JSON: answer.Output}
}
