package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/subgraph"
)

type explainCommand struct {
	metadataFlags
	File      string `arg:"" help:"GraphQL document." placeholder:"FILE.graphql"`
	Operation string `help:"Which operation of the document, where it has several." placeholder:"NAME"`
	Role      string `help:"Role that asks." default:"admin" placeholder:"ROLE"`
	Variables string `help:"Variables, as a JSON object." placeholder:"JSON"`
	JSON      bool   `name:"json" help:"Print the plan as JSON."`
}

// Run prints the join plan of an operation. Handlers aren't called, and of the database only its structure is read.
func (c *explainCommand) Run(p *program) error {
	operation := joinery.Operation{Name: c.Operation, Role: c.Role}
	if c.Variables != "" {
		operation.Variables = json.RawMessage(c.Variables)
	}
	document, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	operation.Query = string(document)
	config, err := c.config(p)
	if err != nil {
		return err
	}
	plan, err := joinery.Explain(p.ctx, config, operation)
	if errs := gqlerror.List(nil); errors.As(err, &errs) {
		return placed(c.File, errs)
	}
	if err != nil {
		return c.placeError(err)
	}
	if c.JSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(plan)
	}
	_, err = io.WriteString(p.stdout, planText(plan))
	return err
}

// placed gives each error of a document its place, so that editors find it.
func placed(file string, errs gqlerror.List) error {
	var out []error
	for _, e := range errs {
		place := file
		if len(e.Locations) > 0 {
			place = fmt.Sprintf("%s:%d:%d", file, e.Locations[0].Line, e.Locations[0].Column)
		}
		out = append(out, fmt.Errorf("%s: %s", place, e.Message))
	}
	return errors.Join(out...)
}

// planText is a join plan for people: a tree of waves.
func planText(plan *subgraph.JoinPlan) string {
	var waves [][]string
	statements := 0
	for _, wave := range plan.Waves {
		var items [][]string
		for _, a := range wave.Actions {
			items = append(items, actionLines(a))
		}
		for _, l := range wave.Loads {
			items = append(items, loadLines(l))
		}
		for _, r := range wave.Remotes {
			items = append(items, []string{"ask remote schema " + r.RemoteSchema, "for " + strings.Join(r.Positions, ", ")})
		}
		waves = append(waves, append([]string{fmt.Sprintf("wave %d", wave.Depth)}, branches(items)...))
		statements += len(wave.Loads)
	}
	if len(plan.Errors) > 0 {
		var items [][]string
		for _, e := range plan.Errors {
			items = append(items, []string{e.Position + ": " + e.Message})
		}
		waves = append(waves, append([]string{"without a value"}, branches(items)...))
	}
	lines := append([]string{"role " + plan.Role}, branches(waves)...)
	return strings.Join(lines, "\n") + "\n" + plural(statements, "statement") + " of SQL\n"
}

// branches draws items, each of which is one or several lines, as the branches of a tree.
func branches(items [][]string) []string {
	var out []string
	for i, item := range items {
		first, rest := "├─ ", "│  "
		if i == len(items)-1 {
			first, rest = "└─ ", "   "
		}
		for _, line := range item {
			out, first = append(out, first+line), rest
		}
	}
	return out
}

func actionLines(a *subgraph.PlannedAction) []string {
	if len(a.Positions) > 0 {
		return []string{"call action " + a.Name, "for " + strings.Join(a.Positions, ", ")}
	}
	return []string{fmt.Sprintf("call action %s (%s)", a.Name, fmt.Sprint(a.Path...))}
}

func loadLines(l *subgraph.PlannedLoad) []string {
	lines := []string{fmt.Sprintf("load %s (%s) from %s of %s", l.Relationship, l.Type, l.Table, l.Source), "for " + strings.Join(l.Positions, ", ")}
	if l.Type == entities.ExpressionLoad {
		lines[0] = fmt.Sprintf("compute %s (%s) in %s", l.Relationship, l.Type, l.Source)
	}
	switch {
	case l.Index != "":
		lines = append(lines, "index "+l.Index)
	case l.Type != entities.RootLoad && l.Type != entities.ExpressionLoad:
		lines = append(lines, "no index for its keys")
	}
	if l.Error != "" {
		return append(lines, "error: "+l.Error)
	}
	return append(lines, l.SQL)
}
