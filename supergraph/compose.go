package supergraph

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/joinery-graphql/joinery/internal/subprocess"
)

// Options are how to compose. The zero value works.
type Options struct {
	Timeout time.Duration // for each subgraph_url; zero means 10 s
	Cache   string        // folder for what is installed; empty means $JOINERY_CACHE, else joinery in the user's cache folder, else in the temporary folder
	Log     io.Writer     // told what takes long, as the first installation; nil discards
}

// Result is a composed supergraph.
type Result struct {
	SDL      string    // the supergraph schema, for a router
	Problems []Problem // hints: composition went well, yet something may not be meant; nil where there are none
}

// Level is how much a [Problem] matters.
type Level string

// The levels. Only errors stop composition; composition's own level of a hint is one of the others.
const (
	LevelError Level = "error"
	LevelWarn  Level = "warn"
	LevelInfo  Level = "info"
	LevelDebug Level = "debug"
)

// Problem is an error or a hint of composition.
type Problem struct {
	Level     Level
	Code      string // Federation's, such as INVALID_FIELD_SHARING
	Message   string
	Locations []Location // the places in the subgraphs' SDL; empty where it is about the whole supergraph
}

// Location is a place in the SDL of a subgraph.
type Location struct {
	Subgraph string
	Source   string // schema file, or URL it was got from
	Line     int    // from 1; 0 where only the subgraph is known
	Column   int    // from 1
}

// String is "source:line:column".
func (l Location) String() string {
	if l.Line == 0 {
		return l.Source
	}
	return fmt.Sprintf("%s:%d:%d", l.Source, l.Line, l.Column)
}

// String begins with the first location, as editors and terminals expect; the further ones stand in lines of their own.
func (p Problem) String() string {
	var b strings.Builder
	if len(p.Locations) > 0 {
		b.WriteString(p.Locations[0].String() + ": ")
	}
	if p.Level != LevelError {
		b.WriteString(string(p.Level) + ": ")
	}
	b.WriteString(p.Code + ": " + strings.ReplaceAll(p.Message, "\n", "\n\t"))
	for i := 1; i < len(p.Locations); i++ {
		fmt.Fprintf(&b, "\n\t%s: and here, in subgraph %q", p.Locations[i], p.Locations[i].Subgraph)
	}
	return b.String()
}

// Problems is the error of a composition that isn't possible.
type Problems []Problem

// Error has all problems, one after the other.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Compose composes the subgraphs of cfg once. See [Composer.Compose] for its errors.
func Compose(ctx context.Context, cfg *Config, options Options) (*Result, error) {
	c := Composer{Options: options}
	defer c.Close()
	return c.Compose(ctx, cfg)
}

// Composer composes again and again without starting Node each time. Set Options before the first use; the zero value
// works. Close it at the end. Safe for use by several goroutines, which compose one after the other.
type Composer struct {
	Options Options

	mu   sync.Mutex
	node *composerProcess // nil until first used, and after it has failed
}

// composerProcess is a running compose.mjs: a line of JSON in, a line of JSON out.
type composerProcess struct {
	*process
	in  io.WriteCloser
	out *bufio.Reader
}

// Compose reads the subgraphs' SDL anew and composes it. Errors are [Faults] where an SDL can't be had, [Problems]
// where composition objects, and others where Node.js is missing or can't be installed. When ctx ends before the
// composition, Node is stopped and starts again with the next one.
func (c *Composer) Compose(ctx context.Context, cfg *Config) (*Result, error) {
	sdls, err := c.sdls(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return c.compose(ctx, cfg, sdls)
}

// sdls reads the SDL of what can be composed.
func (c *Composer) sdls(ctx context.Context, cfg *Config) ([]string, error) {
	if err := checkVersion(cfg); err != nil {
		return nil, err
	}
	return loadAll(ctx, cfg, cmp.Or(c.Options.Timeout, defaultTimeout))
}

func (c *Composer) compose(ctx context.Context, cfg *Config, sdls []string) (*Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, err := c.ask(ctx, newRequest(cfg, sdls))
	if err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return answer.result(cfg)
}

// Load reads the SDL of all subgraphs and returns a copy of cfg that holds them, for Compose to take them as they are. Errors
// are those of Compose about SDL that can't be had.
func (c *Composer) Load(ctx context.Context, cfg *Config) (*Config, error) {
	sdls, err := loadAll(ctx, cfg, cmp.Or(c.Options.Timeout, defaultTimeout))
	if err != nil {
		return nil, err
	}
	loaded := *cfg
	loaded.Subgraphs = slices.Clone(cfg.Subgraphs)
	for i := range loaded.Subgraphs {
		loaded.Subgraphs[i].Schema.SDL = sdls[i]
	}
	return &loaded, nil
}

// Close stops Node. The Composer may be used again afterwards.
func (c *Composer) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop()
	return nil
}

func (c *Composer) stop() {
	if c.node != nil {
		c.node.in.Close()
		c.node.Stop(subprocess.Grace)
		c.node = nil
	}
}

// checkVersion refuses a federation_version that is newer than the composer; an older one composes the same way, and
// result says that it isn't the one asked for.
func checkVersion(cfg *Config) error {
	if minor(cfg.FederationVersion) <= minor(compositionVersion) {
		return nil
	}
	return Faults{{
		File: cfg.Path, Line: cfg.versionLine,
		Message: fmt.Sprintf("federation_version %q is newer than composition %s of this Joinery", cfg.FederationVersion, compositionVersion),
		Mend:    "use a newer Joinery, or rover supergraph compose",
	}}
}

func (c *Composer) ask(ctx context.Context, req request) (answer answer, err error) {
	if c.node == nil {
		if c.node, err = startComposer(ctx, c.Options); err != nil {
			return answer, err
		}
	}
	type reply struct {
		line []byte
		err  error
	}
	replied := make(chan reply, 1)
	node := c.node
	go func() {
		line, err := node.exchange(req)
		replied <- reply{line, err}
	}()
	var r reply
	select {
	case r = <-replied:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if r.err == nil {
		r.err = json.Unmarshal(r.line, &answer)
	}
	if r.err != nil {
		c.stop()
	}
	return answer, r.err
}

func startComposer(ctx context.Context, options Options) (*composerProcess, error) {
	node, dir, err := installNode(ctx, composePackage, options.Cache, options.Log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(node, filepath.Join(dir, "compose.mjs")) //nolint:noctx // Close ends it: it outlives the call that starts it
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	cmd.Stdout = w
	p, err := startProcess("composer", cmd, options.Log)
	if err != nil {
		return nil, err
	}
	go func() {
		<-p.Done()
		w.Close()
	}()
	return &composerProcess{p, in, bufio.NewReader(r)}, nil
}

func (p *composerProcess) exchange(req request) ([]byte, error) {
	if err := json.NewEncoder(p.in).Encode(req); err != nil {
		p.in.Close()
		return nil, p.ended()
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, p.ended()
	}
	return line, nil
}

type request struct {
	Subgraphs []requestSubgraph `json:"subgraphs"`
}

type requestSubgraph struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	SDL  string `json:"sdl"`
}

func newRequest(cfg *Config, sdls []string) request {
	var req request
	for i, s := range cfg.Subgraphs {
		req.Subgraphs = append(req.Subgraphs, requestSubgraph{s.Name, s.RoutingURL, sdls[i]})
	}
	return req
}

type answer struct {
	Supergraph string
	Errors     []Problem
	Hints      []Problem
}

func (a answer) result(cfg *Config) (*Result, error) {
	if len(a.Errors) > 0 {
		return nil, Problems(locate(cfg, a.Errors))
	}
	hints := locate(cfg, a.Hints)
	if m := minor(cfg.FederationVersion); m >= 0 && m != minor(compositionVersion) {
		hints = append(hints, Problem{
			Level: LevelWarn, Code: "FEDERATION_VERSION",
			Message:   fmt.Sprintf("composed with %s, where federation_version asks for %s", compositionVersion, cfg.FederationVersion),
			Locations: []Location{{Source: cfg.Path, Line: cfg.versionLine, Column: 1}},
		})
	}
	return &Result{SDL: a.Supergraph, Problems: hints}, nil
}

// locate puts the source of its subgraph to each location. A problem without any, such as an operation that the
// subgraphs can't answer together, gets the subgraphs that its message names.
func locate(cfg *Config, problems []Problem) []Problem {
	sources := map[string]string{}
	for _, s := range cfg.Subgraphs {
		sources[s.Name] = s.source(cfg)
	}
	for i := range problems {
		p := &problems[i]
		for j := range p.Locations {
			p.Locations[j].Source = sources[p.Locations[j].Subgraph]
		}
		if len(p.Locations) == 0 {
			p.Locations = namedSubgraphs(p.Message, sources)
		}
	}
	return problems
}

var namedRE = regexp.MustCompile(`subgraph "([^"]+)"`)

func namedSubgraphs(message string, sources map[string]string) []Location {
	var found []Location
	for _, m := range namedRE.FindAllStringSubmatch(message, -1) {
		l := Location{Subgraph: m[1], Source: sources[m[1]]}
		if l.Source != "" && !slices.Contains(found, l) {
			found = append(found, l)
		}
	}
	return found
}
