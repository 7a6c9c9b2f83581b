package localstack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const operationTimeout = 30 * time.Second

// ask sends the operations one after the other through the router, prints them with their answers, and counts the wrong
// ones.
func (r *runner) ask(ctx context.Context) (wrong int, err error) {
	for _, o := range r.file.Operations {
		operation, err := os.ReadFile(r.in(o.value))
		if err != nil {
			return wrong, fmt.Errorf("read operation: %w", err)
		}
		want, err := os.ReadFile(r.in(answerPath(o.value)))
		if err != nil {
			return wrong, fmt.Errorf("read the answer that is right: %w", err)
		}
		text := strings.TrimSpace(string(operation))
		got, err := send(ctx, r.routerURL(), text)
		if err != nil {
			return wrong, fmt.Errorf("ask the router %s: %w", o.value, err)
		}
		difference, err := compare(want, got)
		if err != nil {
			return wrong, fmt.Errorf("compare the answer to %s: %w", o.value, err)
		}
		verdict := "right"
		if len(difference) > 0 {
			wrong++
			verdict = fmt.Sprintf("wrong: %s (-) and the answer (+) differ:\n  %s", answerPath(o.value), strings.Join(difference, "\n  "))
		}
		_, _ = fmt.Fprintf(r.Stdout, "\n%s\n%s\n%s\n", text, got, verdict)
	}
	return wrong, nil
}

// send answers with the router's answer as compact JSON, whatever its status.
func send(ctx context.Context, url, operation string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"query": operation})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, answer); err != nil {
		return nil, fmt.Errorf("status %s with a body that isn't JSON: %w", response.Status, err)
	}
	return compact.Bytes(), nil
}

// compare lists how two JSON texts differ, nil where they mean the same. GraphQL orders the fields of an answer
// (section 7.2.2 of the specification, October 2021), so their order counts.
func compare(want, got []byte) ([]string, error) {
	wanted, errWant := leaves(want)
	given, errGot := leaves(got)
	if err := errors.Join(errWant, errGot); err != nil {
		return nil, err
	}
	var difference []string
	for _, leaf := range wanted {
		if !slices.Contains(given, leaf) {
			difference = append(difference, "- "+leaf)
		}
	}
	for _, leaf := range given {
		if !slices.Contains(wanted, leaf) {
			difference = append(difference, "+ "+leaf)
		}
	}
	if len(difference) == 0 && !slices.Equal(wanted, given) {
		difference = append(difference, "- "+strings.Join(wanted, ", "), "+ "+strings.Join(given, ", ")+" (in another order)")
	}
	return difference, nil
}

// leaves are the scalars and empty containers of a JSON text in its order, each with the way to it, such as
// `data.user.name: "Hodor"`.
func leaves(text []byte) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	w := walker{decoder: decoder}
	if err := w.value(""); err != nil {
		return nil, err
	}
	return w.leaves, nil
}

type walker struct {
	decoder *json.Decoder
	leaves  []string
}

func (w *walker) value(path string) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	before := len(w.leaves)
	switch token {
	case json.Delim('{'):
		err = w.object(path)
	case json.Delim('['):
		err = w.array(path)
	default:
		scalar, err := json.Marshal(token)
		w.leaf(path, string(scalar))
		return err
	}
	if len(w.leaves) == before {
		w.leaf(path, map[json.Token]string{json.Delim('{'): "{}", json.Delim('['): "[]"}[token])
	}
	return err
}

func (w *walker) leaf(path, value string) { w.leaves = append(w.leaves, path+": "+value) }

func (w *walker) object(path string) error {
	for w.decoder.More() {
		key, err := w.decoder.Token()
		if err != nil {
			return err
		}
		below := fmt.Sprint(key)
		if path != "" {
			below = path + "." + below
		}
		if err := w.value(below); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}

func (w *walker) array(path string) error {
	for i := 0; w.decoder.More(); i++ {
		if err := w.value(fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	return err
}
