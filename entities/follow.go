package entities

import (
	"context"
	"slices"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// follow finds loads that needn't wait for the rows whose relationships they are: rows that were looked up by a key are equal
// to it, so a relationship from the same columns has the same keys, and is asked for with the rows themselves. Of all other
// rows, the columns that keys are made of are read.
func (p *planner) follow() {
	following := map[*load]bool{}
	for depth, w := range p.plan.waves {
		for _, l := range w.loads {
			led := p.led(l)
			if led > 0 {
				before := p.plan.waves[depth-1]
				before.followers, following[l] = append(before.followers, l), true
			}
			behind := func(parent *node) bool { return following[parent.via.load] } // keysKnown says no then
			if led == len(l.joins) && !slices.ContainsFunc(l.parents, behind) {
				continue
			}
			for i, j := range l.joins {
				j.readKeys(l.parents[i].via)
			}
		}
	}
}

// led finds the leaders of a load's joins, and says how many have one. Whether it follows them shows when it runs: all its
// keys must be known, as those of representations by another key of their type aren't.
func (p *planner) led(l *load) (n int) {
	for i, j := range l.joins {
		switch via := l.parents[i].via; {
		case via == nil: // of JSON
			return 0
		case p.leads(via, j):
			j.leader = via
			n++
		}
	}
	return n
}

// leads reports whether the keys of a join are also those by which via finds its parents, one for each key, and none is hidden: of
// what a role may not see nothing is read. A list doesn't lead, since it is empty as often as not.
func (p *planner) leads(via, j *join) bool {
	lookup := via.load.relationship
	return lookup.Type == metadata.ObjectRelationship && via.load.arguments == nil && slices.Equal(lookup.Columns, j.columns) &&
		loaders.SameKeys(lookup.Columns, j.load.relationship.Columns) && p.role.seesAll(via.load.target)
}

// readKeys has the rows that via leads to read with the columns that the join's keys are made of.
func (j *join) readKeys(via *join) {
	if j.columns == nil {
		return
	}
	j.from = make([]int, len(j.columns))
	for i, c := range j.columns {
		j.from[i] = via.load.cell(c)
	}
}

// seesAll reports whether the role may see every row of a table.
func (r *Role) seesAll(t *Type) bool {
	return r.admin || !t.Source.RowSecurity && len(r.redactions) == 0 && r.of(t) != nil && r.of(t).filter == nil
}

// askFollowers asks for the rows of loads of the next wave whose keys are known.
func (r *run) askFollowers(ctx context.Context, l *loaders.Loaders, followers []*load, variables map[string]any) {
	for _, load := range followers {
		if !r.keysKnown(load) {
			continue
		}
		statement, err := load.prepared(variables)
		if err != nil {
			continue // it comes again in the wave of its own
		}
		r.followed[load.id] = true
		for _, j := range load.joins {
			if j.leader == nil || r.joined[j.leader.id].asked == nil {
				continue
			}
			thunk, keys := l.Follow(ctx, statement, r.joined[j.leader.id].asked)
			r.waiting = append(r.waiting, waiting{join: j, keys: keys, thunk: thunk, follow: true})
		}
	}
}

// keysKnown reports whether a load has keys and all of them are those of leaders that were asked in this wave.
func (r *run) keysKnown(l *load) bool {
	known := false
	for i, j := range l.joins {
		via := l.parents[i].via
		switch {
		case r.followed[via.load.id]: // it was asked before
			return false
		case r.joined[via.id].asked == nil: // no parents will come
		case j.leader == nil:
			return false
		default:
			known = true
		}
	}
	return known
}

// keysOf finds the key of each parent among those of the join that led to the parents.
func (d *joined) keysOf(leader *joined) {
	d.keys = d.keys[:0]
	for key, end := range leader.ends {
		for len(d.keys) < int(end) {
			d.keys = append(d.keys, int32(key))
		}
	}
}
