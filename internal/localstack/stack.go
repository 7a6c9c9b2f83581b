package localstack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata"
)

// stackFile is the name of the file that makes a folder a stack.
const stackFile = "stack.yaml"

// Ports of programs for which stack.yaml names none.
const (
	defaultRouterPort  = 4000
	defaultJoineryPort = 4001
	defaultJaegerPort  = 16686
)

// Stack is what a stack.yaml says.
type Stack struct {
	dir  string // absolute
	path string // of stack.yaml, for faults: as it was asked for
	file file
}

// file is the form of stack.yaml.
type file struct {
	Metadata   text       `yaml:"metadata"`
	Migrations text       `yaml:"migrations"`
	Joinery    joinery    `yaml:"joinery"`
	Services   []service  `yaml:"services"`
	Subgraphs  []subgraph `yaml:"subgraphs"`
	Router     router     `yaml:"router"`
	Tokens     []token    `yaml:"tokens"`
	Operations []text     `yaml:"operations"`
}

type joinery struct {
	Port int             `yaml:"port"`
	Env  map[string]text `yaml:"env"`
}

type router struct {
	Port   int             `yaml:"port"`
	Config text            `yaml:"config"` // empty: supergraph.RouterYAML
	Env    map[string]text `yaml:"env"`
}

type service struct {
	Name        text            `yaml:"name"`
	Command     []text          `yaml:"command"`
	Package     text            `yaml:"package"` // Go package that the program is built from where it isn't found
	Port        int             `yaml:"port"`    // 0: any
	Health      text            `yaml:"health"`  // path that answers 200
	Env         map[string]text `yaml:"env"`
	StandsInFor map[string]text `yaml:"stands_in_for"` // not started where all these variables are set
}

type subgraph struct {
	Name    text            `yaml:"name"`
	URL     text            `yaml:"url"`
	Headers map[string]text `yaml:"headers"` // sent when it is asked for its SDL; empty ones are left out
}

// token is a JWT that is printed, to be somebody with.
type token struct {
	Name      text            `yaml:"name"`
	Role      text            `yaml:"role"`
	Variables map[string]text `yaml:"variables"` // x-hasura-*
}

// text is a scalar, and where it stands.
type text struct {
	value string
	line  int
}

// UnmarshalYAML takes any scalar as text.
func (t *text) UnmarshalYAML(node ast.Node) error {
	t.line = node.GetToken().Position.Line
	if _, ok := node.(ast.ScalarNode); !ok {
		return notText{t.line}
	}
	return yaml.NodeToValue(node, &t.value)
}

// notText is the fault of a list or a mapping where text is expected.
type notText struct{ line int }

func (notText) Error() string { return "expected text, found a list or a mapping" }

// Read reads the stack.yaml of a folder and checks it. Faults of the file are [metadata.Faults]: with the place, and
// all at once where YAML allows it.
func Read(dir string) (*Stack, error) {
	s := &Stack{path: filepath.Join(dir, stackFile)}
	var err error
	if s.dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find the stack: %w", err)
	}
	content, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("missing %s: name a folder that holds one, such as examples/hodor of Joinery's repository", s.path)
	} else if err != nil {
		return nil, fmt.Errorf("read the stack: %w", err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(&s.file); err != nil && !errors.Is(err, io.EOF) {
		return nil, metadata.Faults{s.syntaxFault(err)}
	}
	return s, s.check().Err()
}

func (s *Stack) syntaxFault(err error) metadata.Fault {
	fault := metadata.Fault{Pos: metadata.Pos{File: s.path}, Message: err.Error()}
	var form notText
	if errors.As(err, &form) {
		fault.Message, fault.Pos.Line = form.Error(), form.line
	}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		fault.Message = syntax.GetMessage()
		if token := syntax.GetToken(); token != nil {
			fault.Pos.Line = token.Position.Line
		}
	}
	return fault
}

// in makes a path of stack.yaml absolute.
func (s *Stack) in(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.dir, path)
}

// name is the folder's.
func (s *Stack) name() string { return filepath.Base(s.dir) }

// answerPath is the file with the right answer to the operation of a file: create.json beside create.graphql.
func answerPath(operation string) string {
	return operation[:len(operation)-len(filepath.Ext(operation))] + ".json"
}
