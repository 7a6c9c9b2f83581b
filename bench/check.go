package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// checkAnswers sends the same requests to all servers and compares what they answer. The first is compared with the
// others.
func checkAnswers(ctx context.Context, w *workload, processes []*process) error {
	for i := range min(checkedRequests, len(processes[0].requests)) {
		var first any
		for _, p := range processes {
			data, err := ask(ctx, w, p, p.requests[i])
			if err != nil {
				return fmt.Errorf("%s: request %d: %s: %w", w.name, i, p.name, err)
			}
			if first == nil {
				first = data
			}
			if diff := cmp.Diff(first, data); diff != "" {
				return fmt.Errorf("%s: request %d: %s and %s answer differently:\n%s", w.name, i, processes[0].name, p.name, diff)
			}
		}
	}
	return nil
}

// ask returns an answer's data in a form that can be compared.
func ask(ctx context.Context, w *workload, p *process, request []byte) (any, error) {
	c, err := dial(ctx, p.address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	body, err := c.post(request)
	if err != nil {
		return nil, err
	}
	return decode(w, body)
}

func decode(w *workload, body []byte) (any, error) {
	var answer struct {
		Data   any               `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.Errors) > 0 {
		return nil, fmt.Errorf("errors: %s", answer.Errors[0])
	}
	return answer.Data, normalise(answer.Data, "data", w.ordered)
}

// normalise sorts lists of posts unless the request asks for their order. There is no null in the data, and no empty list, so
// either is a fault of the server.
func normalise(value any, path string, ordered bool) error {
	switch v := value.(type) {
	case nil:
		return fmt.Errorf("unexpected null at %s", path)
	case map[string]any:
		for name, member := range v {
			if err := normalise(member, path+"."+name, ordered); err != nil {
				return err
			}
		}
	case []any:
		if len(v) == 0 {
			return fmt.Errorf("unexpected empty list at %s", path)
		}
		for _, element := range v {
			if err := normalise(element, path+"[]", ordered); err != nil {
				return err
			}
		}
		if strings.HasSuffix(path, ".posts") && !ordered {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		}
	}
	return nil
}

// text is a value as JSON with the members in order.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(out)
}
