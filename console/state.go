package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

func (c *Console) getState(*http.Request) (State, error) { return c.state(), nil }

func (c *Console) state() State {
	served := c.service.Served()
	s := State{
		Version: c.options.Version, Generation: served.Generation, LoadedAt: served.LoadedAt, Status: "current",
		Faults: faults(served.Faults), Writable: true, GraphQL: "/graphql", Router: c.options.RouterURL, Jaeger: c.options.JaegerURL,
		Supergraph: c.options.Supergraph, Directory: c.options.Dir,
	}
	s.Revision, _ = c.revision() // of a directory that can't be read, its faults tell
	if served.Kept {
		s.Status = "kept"
	}
	if s.Router != "" {
		s.RouterEndpoint = "/console/api/router"
	}
	if err := edit.Writable(c.options.Dir); err != nil {
		s.Writable, s.ReadOnlyReason = false, err.Error()
	}
	c.editing.Lock()
	defer c.editing.Unlock()
	if n := len(c.undo); n > 0 {
		s.Undo = &Undo{c.undo[n-1].description}
	}
	return s
}

func (c *Console) reload(r *http.Request) (State, error) {
	if err := c.service.Reload(r.Context()); err != nil {
		c.options.Log.WarnContext(r.Context(), "the metadata could not be reloaded from the console", "error", err)
	}
	return c.state(), nil
}

// heartbeat keeps what stands between from closing a stream on which nothing happens.
const heartbeat = 20 * time.Second

// events streams the state: at once, and after each change.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // a stream has no end; where it can't be, the page connects anew
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		changed := c.service.Changed()
		text, err := json.Marshal(c.state())
		if err != nil {
			panic("BUG: " + err.Error())
		}
		if _, err := fmt.Fprintf(w, "event: state\ndata: %s\n\n", text); err != nil || control.Flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-ticker.C:
				if _, err := fmt.Fprint(w, ":\n\n"); err != nil || control.Flush() != nil {
					return
				}
			case <-r.Context().Done():
				return
			case <-c.closed.Done():
				return
			}
		}
	}
}

// revision is a digest of the directory's files. Two that are equal have the same files.
func (c *Console) revision() (string, error) {
	digest := sha256.New()
	dir := c.dir()
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !isMetadata(name, d) {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		fmt.Fprintf(digest, "%q %d ", name, len(content))
		digest.Write(content)
		return err
	})
	return hex.EncodeToString(digest.Sum(nil)[:8]), err
}

// isMetadata leaves out what editors and package managers put beside metadata.
func isMetadata(name string, d fs.DirEntry) bool {
	return !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json", ".graphql"}, path.Ext(name))
}

func faults(fs metadata.Faults) []Fault {
	out := make([]Fault, len(fs))
	for i, f := range fs {
		out[i] = Fault{Severity: f.Severity.String(), Item: f.Item, Message: f.Message, Hint: f.Hint, Rule: f.Rule}
		if f.Pos.File != "" {
			out[i].Place = placeOf(f.Pos)
		}
	}
	return out
}

func placeOf(p metadata.Pos) *Place { return &Place{Path: p.File, Line: p.Line, Column: p.Column} }
