package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
)

// workload is an operation that is sent over and over, each time with other variables.
type workload struct {
	name      string
	title     string
	operation string // by which the hand-written server knows it
	document  string
	variables func(*rand.Rand) any
	only      []string // the servers that take part; nil means all
	ordered   bool     // the order of posts is asked for
	fit       int      // representations, where the workload is a point of the line that is fitted
}

const usersDocument = `query Users($representations:[_Any!]!){_entities(representations:$representations){... on users{name email}}}`

var workloads = []workload{
	users("w1/1", "1 representation", 1),
	users("w1/10", "10 representations", 10),
	users("w1/100", "100 representations", 100),
	users("w1/1000", "1,000 representations", 1000),
	users("w1/10000", "10,000 representations", 10_000, limit, joinery),
	{
		name: "w2", title: "100 users, each with five posts", operation: "UsersWithPosts",
		document:  `query UsersWithPosts($representations:[_Any!]!){_entities(representations:$representations){... on users{name posts(limit:5){id title}}}}`,
		variables: representations(100),
	},
	{
		name: "w3", title: "an action with the user of its id", operation: "CreateUser",
		document:  `mutation CreateUser($name:String!){createUser(name:$name){id user{name email}}}`,
		variables: func(r *rand.Rand) any { return map[string]any{"name": randomName(r)} },
	},
	{
		name: "w4", title: "an action with 100 ids, each with its user and five posts", operation: "CreateUsers",
		document:  `mutation CreateUsers($names:[String!]!){createUsers(names:$names){id user{name posts(limit:5){id title}}}}`,
		variables: func(r *rand.Rand) any { return map[string]any{"names": randomNames(r)} },
	},
	{
		name: "w5", title: "as w4, with where, order_by and an aggregate", operation: "CreateUsersFiltered", ordered: true,
		document: `mutation CreateUsersFiltered($names:[String!]!,$after:bigint!){createUsers(names:$names){id user{name ` +
			`posts(where:{id:{_gt:$after}},order_by:[{id:desc}],limit:5){id title} ` +
			`posts_aggregate(where:{id:{_gt:$after}}){aggregate{count max{likes}}}}}}`,
		variables: func(r *rand.Rand) any {
			return map[string]any{"names": randomNames(r), "after": r.Int64N(4 * dataset.Users)} // every user has a post after it
		},
	},
	{
		name: "w6", title: "depth 4: 10 users, posts, editors, posts", operation: "Depth4",
		document:  `query Depth4($representations:[_Any!]!){_entities(representations:$representations){... on users{name posts{title editor{name posts{title}}}}}}`,
		variables: representations(10),
	},
}

func users(name, size string, n int, only ...string) workload {
	w := workload{
		name: name, title: "_entities, " + size, operation: "Users", document: usersDocument,
		variables: representations(n), only: only,
	}
	if n >= 10 {
		w.fit = n // below, what every request costs hides the rest
	}
	return w
}

type representation struct {
	Typename string `json:"__typename"`
	ID       int64  `json:"id"`
}

// representations are n users, none twice: a router removes duplicates.
func representations(n int) func(*rand.Rand) any {
	return func(r *rand.Rand) any {
		seen := make(map[int64]bool, n)
		list := make([]representation, 0, n)
		for len(list) < n {
			id := 1 + r.Int64N(dataset.Users)
			if !seen[id] {
				seen[id] = true
				list = append(list, representation{"users", id})
			}
		}
		return map[string]any{"representations": list}
	}
}

func randomName(r *rand.Rand) string { return fmt.Sprintf("New User %08x", r.Uint32()) }

func randomNames(r *rand.Rand) []string {
	names := make([]string, 100)
	for i := range names {
		names[i] = randomName(r)
	}
	return names
}

func (w *workload) takesPart(server string) bool {
	if strings.HasSuffix(server, roleSuffix) {
		return w.name == "w1/100" || w.name == "w2"
	}
	return len(w.only) == 0 || slices.Contains(w.only, strings.TrimSuffix(server, tracedSuffix))
}

// bodies are requests as Apollo Router sends them. They are made beforehand, so that sending them costs little.
func (w *workload) bodies(n int) [][]byte {
	random := rand.New(rand.NewPCG(1, uint64(len(w.name))))
	out := make([][]byte, n)
	for i := range out {
		body, err := json.Marshal(struct {
			Query         string `json:"query"`
			OperationName string `json:"operationName"`
			Variables     any    `json:"variables"`
		}{w.document, w.operation, w.variables(random)})
		if err != nil {
			panic("BUG: " + err.Error())
		}
		out[i] = body
	}
	return out
}
