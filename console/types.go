package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

func (t *TypesChange) edit(c *Console) (edit.Change, error) {
	if t.Remove != "" {
		return edit.RemoveType(c.dir(), t.Remove)
	}
	return edit.DefineTypes(c.dir(), t.SDL)
}

func (t *TypesChange) faults(found metadata.Faults) []FieldFault { return wholeFaults(found) }

func (t *TypesChange) description() string {
	if t.Remove != "" {
		return fmt.Sprintf("remove type %q", t.Remove)
	}
	return "change custom types"
}

func (c *Console) previewTypes(ctx context.Context, t TypesChange) (Preview, error) {
	out, trial, err := c.preview(ctx, &t)
	if trial != nil {
		trial.Close()
	}
	return out, err
}

func (c *Console) saveTypes(ctx context.Context, t TypesChange) (State, error) {
	return c.save(ctx, t.Revision, &t)
}

// schema is what documents are validated against, for completion as one types.
func (c *Console) schema(w http.ResponseWriter, r *http.Request) {
	if of := r.URL.Query().Get("of"); of != "joinery" {
		writeError(w, &apiError{http.StatusNotFound, ErrorBody{Code: "not-found", Message: fmt.Sprintf("no schema of %q is known", of)}})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, c.service.Served().Executable) // an error says that the client is gone
}

func (c *Console) watch(_ context.Context, r WatchRequest) (struct{}, error) {
	if !isTraceID(r.TraceID) {
		return struct{}{}, badRequest("invalid traceId: want 32 hexadecimal digits")
	}
	c.service.Watch(r.TraceID)
	return struct{}{}, nil
}

func isTraceID(id string) bool {
	for _, digit := range []byte(id) {
		if (digit < '0' || digit > '9') && (digit < 'a' || digit > 'f') {
			return false
		}
	}
	return len(id) == 32
}

func (c *Console) joinPlans(r *http.Request) (JoinPlans, error) {
	out := JoinPlans{JoinPlans: c.service.JoinPlans(r.PathValue("trace"))}
	if out.JoinPlans == nil {
		out.JoinPlans = []json.RawMessage{}
	}
	return out, nil
}

// change is what somebody wants to do to the files.
type change interface {
	edit(c *Console) (edit.Change, error)
	faults(metadata.Faults) []FieldFault // of the changed metadata, at the form's fields
	description() string
}

// try makes a change and what would be served of it. Faults say why there is no trial, which is nil then; else it must be
// closed. The edit is what could be made.
func (c *Console) try(ctx context.Context, wanted change) (made edit.Change, trial Trial, faults []FieldFault, err error) {
	made, err = wanted.edit(c)
	if err != nil {
		if faults = editFaults(err); faults != nil {
			err = nil
		}
		return made, nil, faults, err
	}
	trial, err = c.service.Try(ctx, made.Over(c.dir()))
	if found := metadata.Faults(nil); errors.As(err, &found) {
		return made, nil, wanted.faults(found.Of(metadata.Error)), nil
	}
	return made, trial, nil, err
}
