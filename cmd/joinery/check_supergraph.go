package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/subgraph"
	"github.com/joinery-graphql/joinery/supergraph"
)

// compose composes the supergraph with the SDL that the metadata gives now, in place of the one that the config names.
// The faults are composition's, at the metadata's lines where they are about this subgraph.
func (c *checkCommand) compose(p *program, config joinery.Config) (metadata.Faults, error) {
	cfg, err := supergraph.ReadConfig(c.Supergraph)
	if err != nil {
		return nil, err
	}
	own := slices.IndexFunc(cfg.Subgraphs, func(s supergraph.Subgraph) bool { return s.Name == c.Subgraph })
	if own < 0 {
		return nil, fmt.Errorf("%s has no subgraph %q: name this metadata's with --subgraph", c.Supergraph, c.Subgraph)
	}
	sdl, err := joinery.SDL(p.ctx, config)
	if err != nil {
		return nil, c.placeError(err)
	}
	cfg.Subgraphs[own].Schema = supergraph.Schema{SDL: sdl, Line: cfg.Subgraphs[own].Schema.Line}
	checked, err := supergraph.Check(p.ctx, cfg, supergraph.Options{Log: p.stderr})
	if err != nil {
		return nil, err
	}
	md, _ := metadata.Read(config.Metadata) // it had no error a moment ago
	var faults metadata.Faults
	for _, problem := range checked.Problems {
		if problem.Level == supergraph.LevelError || problem.Level == supergraph.LevelWarn {
			faults = append(faults, c.fault(md, sdl, problem))
		}
	}
	return append(faults, c.place(servedBy(md, checked.Subgraphs, c.Subgraph))...), nil
}

// remoteRelationshipRule is the rule of what is said of a remote relationship.
const remoteRelationshipRule = "remote-relationship"

// servedBy says of each relationship to a remote schema who serves it: this subgraph, another one, or nobody.
func servedBy(md *metadata.Metadata, subgraphs []supergraph.Types, own string) (faults metadata.Faults) {
	for _, s := range md.Sources {
		for _, t := range s.Tables {
			for _, r := range t.RemoteRelationships {
				if r.RemoteSchema == "" {
					continue
				}
				f := metadata.Fault{
					Pos: r.Pos, Severity: metadata.Warning, Rule: remoteRelationshipRule, Item: fmt.Sprintf("remote relationship %q of table %q", r.Name, t.Name),
					Message: "served by nobody: neither by Joinery nor by another subgraph",
					Hint:    fmt.Sprintf("let a subgraph extend the type %q by the field %q, or mend what keeps Joinery from following it", t.TypeName(), r.Name),
				}
				for _, other := range subgraphs {
					if other.Has(t.TypeName(), r.Name) {
						f.Severity, f.Hint = metadata.Note, ""
						f.Message = fmt.Sprintf("served by the subgraph %q", other.Subgraph)
						if other.Subgraph == own {
							f.Message = fmt.Sprintf("served by Joinery, which asks the remote schema %q", r.RemoteSchema)
							break
						}
					}
				}
				faults = append(faults, f)
			}
		}
	}
	return faults
}

// fault is a problem of composition where its mend is: in this metadata, if it is about this subgraph.
func (c *checkCommand) fault(md *metadata.Metadata, sdl string, p supergraph.Problem) metadata.Fault {
	f := metadata.Fault{Rule: p.Code, Item: "supergraph", Message: strings.ReplaceAll(p.Message, "\n", "\n\t"), Hint: mends[p.Code]}
	if p.Level != supergraph.LevelError {
		f.Severity = metadata.Warning
	}
	var others []string
	for _, l := range p.Locations {
		pos := metadata.Pos{File: l.Source, Line: l.Line, Column: l.Column}
		if l.Subgraph == c.Subgraph {
			pos = c.place(metadata.Faults{{Pos: subgraph.Place(md, sdl, l.Line)}})[0].Pos
		}
		switch {
		case pos.File == "":
		case f.Pos.File == "":
			f.Pos = pos
		case l.Subgraph == c.Subgraph && !strings.HasPrefix(f.Pos.File, c.Metadata):
			others, f.Pos = append(others, at(f.Pos)), pos
		default:
			others = append(others, at(pos))
		}
	}
	if others = slices.Compact(others); len(others) > 0 {
		f.Message += "; see also " + strings.Join(others, ", ")
	}
	return f
}

func at(pos metadata.Pos) string {
	if pos.Line == 0 {
		return pos.File
	}
	return fmt.Sprintf("%s:%d", pos.File, pos.Line)
}

const (
	mendShared  = "mark the field shareable in federation.yaml if both give the same; else give one of the types another name, by customization.type_names of the source or custom_name of the table"
	mendOneType = "give one of the types another name, by customization.type_names of the source or custom_name of the table"
	mendInput   = "make the two alike, or give one of them another name; customization.type_names of a source renames those that Joinery makes"
	mendKey     = "let a subgraph resolve that key, or refer to the entity by one that is resolved"
)

// mends are what puts right what composition objects to, by its code
// (https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/errors).
var mends = map[string]string{
	"INVALID_FIELD_SHARING":                         mendShared,
	"FIELD_TYPE_MISMATCH":                           mendOneType,
	"FIELD_ARGUMENT_TYPE_MISMATCH":                  mendOneType,
	"FIELD_ARGUMENT_DEFAULT_MISMATCH":               mendOneType,
	"TYPE_KIND_MISMATCH":                            mendOneType,
	"INPUT_FIELD_DEFAULT_MISMATCH":                  mendInput,
	"REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH": mendInput,
	"REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH":    mendInput,
	"EMPTY_MERGED_INPUT_TYPE":                       mendInput,
	"EMPTY_MERGED_ENUM_TYPE":                        mendInput,
	"ENUM_VALUE_MISMATCH":                           mendInput,
	"INCONSISTENT_INPUT_OBJECT_FIELD":               mendInput,
	"INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM":        mendInput,
	"INCONSISTENT_ARGUMENT_PRESENCE":                mendInput,
	"INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE":        mendOneType,
	"INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE":     mendInput,
	"SATISFIABILITY_ERROR":                          mendKey,
	"KEY_INVALID_FIELDS":                            mendKey,
	supergraph.KeyNotResolvedCode:                   mendKey,
	supergraph.EntityNotReturnedCode:                "let a subgraph return it, or take it out",
}
