package entities

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Selection is what is wanted of objects of one type, in the order of the answer.
type Selection struct {
	Type   *Type
	Fields []SelectedField
}

// SelectedField is a field under its response key, which no other field of the selection has.
type SelectedField struct {
	Key       string
	Field     *Field      // nil for __typename
	Selection *Selection  // nil for scalars and aggregates
	Aggregate *Aggregated // of an aggregate
	Remote    any         // of a remote relationship: what is selected of it, for [Caller]; Selection is nil then
	Denied    error       // why the role may not select this; nil where it may
	Arguments *Arguments  // of an array relationship or aggregate, or a path into JSON; nil means none
}

// Arguments are those of a query, see [Type.Query].
type Arguments struct {
	// Key is equal where the arguments are sure to be, whatever the variables' values: such fields share a statement.
	Key string
	// JSON gives the arguments as a JSON object. variables is what [Plan.Run] was given, or nil where Static.
	JSON func(variables map[string]any) ([]byte, error)
	// Static says that no variable is among them.
	Static bool
}

// Root is a place from which objects are reached: either an action's output, or representations.
type Root struct {
	Output    *metadata.Type // of the action; nil for representations
	Selection *Selection     // of the output
	Null      *NullError     // what is said where the output may not be null, but is
	Single    bool           // the output is an object whose only selected field is the answer

	Entities           []*Selection // of representations; an entity of a type that isn't among them answers {}
	MaxRepresentations int          // more are an error; zero means any number
}

// Plan is how the objects of an operation's roots are decoded, joined and rendered. It does not change; it is safe for
// concurrent use.
type Plan struct {
	roots  []*root
	waves  []*wave // by depth
	nodes  int
	joins  int
	loads  int
	places int
	paths  []*Arguments
	runs   sync.Pool // of *run, with the memory of those that ended
}

// wave is what objects of one depth need.
type wave struct {
	loads       []*load
	followers   []*load // of the next wave, which may go with this one
	resolutions []*resolution
}

// root is the plan of a Root.
type root struct {
	output   *metadata.Type
	null     *NullError
	single   bool
	node     *node              // of the output
	entities map[string]*entity // by type name
	list     []*entity          // by number
	max      int                // of representations; zero means any number
}

// entity is what is done with representations of one type: those of an output type are the objects themselves, those
// of a table type are joined to a row by whichever key they hold.
type entity struct {
	number     int // in its root
	typ        *Type
	node       *node     // of an output type
	keys       []*node   // of a table type: for each key, a node whose members are the key's fields and whose join is the lookup
	unselected bool      // nothing of the type is selected: it answers {}
	denied     []error   // of a table type: for each key, why the role may not look rows up by it; nil where it may
	objects    []*entity // of an interface: the types that implement it
}

// node is a set of objects of one type at one place of the operation. Objects that come from JSON have a cell for each
// member that is needed; objects that are rows have the cells of the statement that loads them.
type node struct {
	id     int
	typ    *Type
	fields []outField

	members  map[string]int   // JSON: the cell of each member that is needed
	names    []string         // JSON: the member of each cell
	optional map[int]error    // JSON: the cells that need not be there, with what is said where one isn't; nil: it counts as null
	within   [][]string       // of a representation, nil where all are empty: the names from the member to the cell's value
	children []*node          // JSON: members that are objects
	nested   map[string][]int // their places in children, one for each alias
	joins    []*join

	via *join // rows: that led to them
	key *node // rows: of the representations that led to them; nil where something else did

	represented bool // JSON: its objects are representations
}

// joinKeys are where the parts of a join's keys are.
type joinKeys struct {
	columns []*catalog.Column // of parents that are rows; nil of others
	from    []int             // cells of the parent; of rows nil where the keys are always known before them
}

// join is a relationship at one place of the operation.
type join struct {
	id int
	joinKeys
	load   *load
	to     *node
	leader *join // that led to the parents, by the keys that this has; nil where it takes the parents to know the keys
}

// load is a relationship at one depth: one statement for all places that need it. Its columns are all that any of the
// places needs.
type load struct {
	id           int
	relationship *loaders.Relationship
	target       *Type // whose names the arguments use
	role         *Role
	arguments    *Arguments
	aggregate    bool
	byKey        bool                // a client gave the keys
	columns      []*catalog.Column   // of rows
	aggregates   []loaders.Aggregate // of an aggregate
	statement    *loaders.Statement  // nil where it depends on variables
	err          error               // of a bound plan: why it has no statement
	joins        []*join
	parents      []*node // by join
}

func (l *load) cell(c *catalog.Column) int {
	for i, have := range l.columns {
		if have == c {
			return i
		}
	}
	l.columns = append(l.columns, c)
	return len(l.columns) - 1
}

func (l *load) aggregateCell(a loaders.Aggregate) int {
	for i, have := range l.aggregates {
		if have.Function == a.Function && have.Distinct == a.Distinct && slices.Equal(have.Columns, a.Columns) {
			return i
		}
	}
	l.aggregates = append(l.aggregates, a)
	return len(l.aggregates) - 1
}

// same reports whether the load gives what a field with these arguments wants.
func (l *load) same(r *loaders.Relationship, arguments *Arguments, aggregate bool) bool {
	return l.relationship == r && l.aggregate == aggregate && argumentsKey(l.arguments) == argumentsKey(arguments)
}

func argumentsKey(a *Arguments) string {
	if a == nil {
		return ""
	}
	return a.Key
}

// prepared is the load's statement.
func (l *load) prepared(variables map[string]any) (*loaders.Statement, error) {
	if l.statement != nil {
		return l.statement, nil
	}
	return l.prepare(variables)
}

// prepare makes the statement, with the variables that its arguments have.
func (l *load) prepare(variables map[string]any) (*loaders.Statement, error) {
	var q *loaders.Query
	if l.arguments != nil {
		json, err := l.arguments.JSON(variables)
		if err != nil {
			return nil, err
		}
		if q, err = l.target.Query(l.role, json); err != nil {
			return nil, err
		}
	}
	if err := checkCounts(l.aggregates); err != nil {
		return nil, err
	}
	q = l.role.narrow(l, q)
	if l.aggregate {
		return loaders.NewAggregateStatement(l.relationship, l.aggregates, q), nil
	}
	return loaders.NewStatement(l.relationship, l.columns, q), nil
}

// outField says what is rendered under a response key.
type outField struct {
	kind   fieldKind
	prefix []byte // the object's brace or a comma, then the response key, quoted, with its colon
	key    string
	typ    *metadata.Type
	index  int    // into cells, children or joins
	value  []byte // of typename
	field  *Field
	tree   *aggregateTree // of an aggregate
	place  *place         // of a resolver
	path   int            // into the plan's paths
	strict bool           // a scalar list some of whose elements may not be null
	null   *NullError     // said where the value may not be null, but is
	err    error          // of failedField: why there is no value
}

type fieldKind uint8

const (
	typenameField fieldKind = iota
	cellField               // a scalar
	pathField               // a scalar's value at a path
	idField                 // a number that is an ID, which GraphQL writes as a string
	childField              // objects within JSON
	objectField             // an object relationship
	arrayField              // an array relationship
	aggregateKind           // an aggregate over an array relationship
	resolvedField           // an expression or an action gives it
	failedField             // never has a value, and says why
)

// planner builds a plan.
type planner struct {
	model *Model
	role  *Role
	plan  *Plan
}

// Plan plans roots that share their waves, for callers of a role. What the role may not see is an error at its place in
// the answer, and no statement asks for it.
func (m *Model) Plan(role *Role, roots []Root) *Plan {
	p := &planner{model: m, role: role, plan: &Plan{}}
	for _, r := range roots {
		p.plan.roots = append(p.plan.roots, p.root(r))
	}
	p.follow()
	for _, wave := range p.plan.waves {
		for _, l := range wave.loads {
			if l.arguments == nil || l.arguments.Static {
				l.statement, _ = l.prepare(nil) // an error comes again when it runs, and is reported there
			}
		}
	}
	return p.plan
}

func (p *planner) root(r Root) *root {
	if r.Output != nil {
		return &root{output: r.Output, null: r.Null, single: r.Single, node: p.jsonNode(r.Selection, 0, nil)}
	}
	out := &root{entities: map[string]*entity{}, max: r.MaxRepresentations}
	for _, t := range p.model.Types {
		if len(t.Keys) > 0 {
			out.entities[t.Name] = &entity{typ: t, unselected: true}
		}
	}
	for _, s := range r.Entities {
		out.entities[s.Type.Name] = p.entity(s)
	}
	for _, i := range p.model.Interfaces {
		out.entities[i.Name] = p.interfaceEntity(i, out.entities)
	}
	for _, e := range out.entities {
		e.number = len(out.list)
		out.list = append(out.list, e)
	}
	return out
}

func (p *planner) entity(s *Selection) *entity {
	e := &entity{typ: s.Type}
	if s.Type.Table == nil {
		e.node = p.representedNode(s)
		return e
	}
	e.keys, e.denied = p.lookups(s)
	return e
}

// lookups plans how rows of a table are found, by each of its keys.
func (p *planner) lookups(s *Selection) (keys []*node, denied []error) {
	for _, key := range s.Type.Keys {
		n := p.node(s.Type)
		n.represented = true
		cells := n.keyCells(key)
		err := p.role.key(s.Type, key)
		if err == nil {
			j := p.newJoin(n, p.load(key.lookup, s.Type, nil, false, 0), joinKeys{from: cells})
			j.load.byKey = true
			p.rowNode(s, j, n, 1)
		}
		keys, denied = append(keys, n), append(denied, err)
	}
	return keys, denied
}

// interfaceEntity looks through the tables of the types that implement an interface, also of those of which nothing is
// selected: the entity may be one of them.
func (p *planner) interfaceEntity(i *Interface, entities map[string]*entity) *entity {
	out := &entity{typ: i.Type, unselected: true}
	for _, t := range i.Objects {
		out.objects = append(out.objects, entities[t.Name])
		out.unselected = out.unselected && entities[t.Name].unselected
	}
	for _, e := range out.objects {
		if e.unselected && !out.unselected {
			e.keys, e.denied = p.lookups(&Selection{Type: e.typ})
		}
	}
	return out
}

func (p *planner) node(t *Type) *node {
	p.plan.nodes++
	return &node{id: p.plan.nodes - 1, typ: t, members: map[string]int{}, nested: map[string][]int{}}
}

// add adds a field after the others.
func (n *node) add(f outField) {
	before := byte(',')
	if len(n.fields) == 0 {
		before = '{'
	}
	f.prefix = append([]byte{before}, f.prefix...)
	n.fields = append(n.fields, f)
}

func (n *node) member(name string) int {
	if _, ok := n.members[name]; !ok {
		n.members[name] = len(n.members)
		n.names = append(n.names, name)
	}
	delete(n.optional, n.members[name])
	return n.members[name]
}

// keyCells are the cells of a key's leaves.
func (n *node) keyCells(k *Key) []int {
	paths := k.Fields.paths()
	cells := make([]int, len(paths))
	for i, path := range paths {
		cells[i] = n.member(strings.Join(path, ".")) // no name has a point
		n.names[i] = path[0]
		if len(path) > 1 && n.within == nil {
			n.within = make([][]string, len(paths))
		}
		if len(path) > 1 {
			n.within[i] = path[1:]
		}
	}
	return cells
}

// jsonNode plans objects of an output type. Reached by a representation, they have what is known from it and
// relationships only: what the handler once answered is gone, and it is never called again. Of what a handler answers
// all is known, and known is nil.
func (p *planner) jsonNode(s *Selection, depth int, known keyFields) *node {
	n := p.node(s.Type)
	p.jsonFields(n, s, depth, known)
	return n
}

// representedNode plans representations of an output type.
func (p *planner) representedNode(s *Selection) *node {
	n := p.node(s.Type)
	n.represented = true
	p.jsonFields(n, s, 0, s.Type.known())
	return n
}

func (p *planner) jsonFields(n *node, s *Selection, depth int, known keyFields) {
	for _, f := range s.Fields {
		n.add(p.jsonField(n, f, depth, known))
	}
}

func (p *planner) jsonField(n *node, f SelectedField, depth int, known keyFields) outField {
	out, done := p.outField(n.typ, f)
	if done {
		return out
	}
	if f.Field.Resolver != nil {
		p.resolve(n, &out, f, depth)
		return out
	}
	nested, ok := known.follow(n.typ, f.Field)
	switch {
	case !ok:
		out.kind, out.err = failedField, &UnresolvableError{Type: n.typ.Name, Field: f.Field.Name}
	case f.Field.Relationship != nil:
		from := make([]int, len(f.Field.Relationship.fields))
		for i, name := range f.Field.Relationship.fields {
			if slices.Contains(f.Field.requires, name) {
				from[i] = n.optionalMember(name)
			} else {
				from[i] = n.member(name)
			}
		}
		p.relationship(n, &out, f, joinKeys{from: from}, depth)
	case f.Field.Object != nil:
		out.kind, out.index = childField, p.child(n, f, depth, nested)
	default:
		out.index = n.member(f.Field.Name)
	}
	return out
}

// child plans the objects of a member. Two aliases of it are two children, decoded from the same bytes.
func (p *planner) child(n *node, f SelectedField, depth int, known keyFields) int {
	place := len(n.children)
	n.children = append(n.children, p.jsonNode(f.Selection, depth, known))
	n.nested[f.Field.Name] = append(n.nested[f.Field.Name], place)
	return place
}

// outField fills in what doesn't depend on where the object comes from; done says that nothing else is needed.
func (p *planner) outField(t *Type, f SelectedField) (out outField, done bool) {
	prefix, _ := jsontext.AppendQuote(nil, f.Key)
	out = outField{key: f.Key, prefix: append(prefix, ':'), field: f.Field}
	if f.Field == nil {
		out.value, _ = jsontext.AppendQuote(nil, t.Name)
		return out, true
	}
	out.typ, out.kind = f.Field.Type, cellField
	for elem := f.Field.Type.Elem; elem != nil; elem = elem.Elem {
		out.strict = out.strict || elem.NonNull
	}
	out.null = &NullError{Type: t.Name, Field: f.Field.Name}
	if err := cmp.Or(p.role.field(t, f.Field), f.Denied); err != nil {
		out.kind, out.err = failedField, err
		return out, true
	}
	if r := f.Field.Relationship; r != nil {
		out.kind = objectField
		if r.join.Type == metadata.ArrayRelationship {
			out.kind = arrayField
		}
	}
	return out, false
}

// relationship plans a relationship, or the aggregate over one.
func (p *planner) relationship(n *node, out *outField, f SelectedField, keys joinKeys, depth int) {
	if f.Aggregate != nil {
		out.kind, out.tree = aggregateKind, p.aggregate(n, f, keys, depth)
		return
	}
	out.index = len(n.joins)
	p.join(n, f.Field.Relationship.join, f.Arguments, keys, f.Selection, depth)
	n.joins[out.index].load.byKey = len(f.Field.Arguments) > 0
}

// join plans a relationship from n's objects to rows, which are one wave deeper.
func (p *planner) join(n *node, r *loaders.Relationship, arguments *Arguments, keys joinKeys, s *Selection, depth int) {
	l := p.load(r, s.Type, arguments, false, depth)
	p.rowNode(s, p.newJoin(n, l, keys), nil, depth+1)
}

func (p *planner) newJoin(n *node, l *load, keys joinKeys) *join {
	j := &join{id: p.plan.joins, joinKeys: keys, load: l}
	p.plan.joins++
	n.joins = append(n.joins, j)
	l.joins = append(l.joins, j)
	l.parents = append(l.parents, n)
	return j
}

// load finds or adds the load of a relationship in the wave after depth.
func (p *planner) load(r *loaders.Relationship, target *Type, arguments *Arguments, aggregate bool, depth int) *load {
	wave := p.wave(depth)
	for _, l := range wave.loads {
		if l.same(r, arguments, aggregate) {
			return l
		}
	}
	l := &load{id: p.plan.loads, relationship: r, target: target, role: p.role, arguments: arguments, aggregate: aggregate}
	p.plan.loads++
	wave.loads = append(wave.loads, l)
	return l
}

// wave is the one after depth.
func (p *planner) wave(depth int) *wave {
	for len(p.plan.waves) <= depth {
		p.plan.waves = append(p.plan.waves, &wave{})
	}
	return p.plan.waves[depth]
}

// rowNode plans the rows that a join leads to. key is the node that it is from, where that is of representations, else nil.
func (p *planner) rowNode(s *Selection, j *join, key *node, depth int) {
	n := p.node(s.Type)
	n.via, n.key, j.to = j, key, n
	for _, f := range s.Fields {
		n.add(p.rowField(n, f, depth))
	}
}

func (p *planner) rowField(n *node, f SelectedField, depth int) outField {
	out, done := p.outField(n.typ, f)
	switch {
	case done:
	case f.Field.Resolver != nil:
		p.resolve(n, &out, f, depth)
	case f.Field.External:
		out.kind, out.err = failedField, &UnresolvableError{Type: n.typ.Name, Field: f.Field.Name, External: f.Field.Name}
	case f.Field.Relationship != nil:
		p.relationship(n, &out, f, joinKeys{columns: f.Field.Relationship.columns}, depth)
	default:
		out.index = n.via.load.cell(p.role.column(n.typ, f.Field.Column))
		switch {
		case f.Field.quotes():
			out.kind = idField
		case f.Arguments != nil:
			out.kind, out.path = pathField, len(p.plan.paths)
			p.plan.paths = append(p.plan.paths, f.Arguments)
		}
	}
	return out
}
