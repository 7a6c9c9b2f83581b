package main

import (
	"errors"
	"time"

	"github.com/joinery-graphql/joinery/subgraph"
)

// limitFlags bound requests. Their defaults are subgraph.DefaultLimits, which a test compares.
type limitFlags struct {
	MaxBodyBytes       int64         `help:"Bytes of a request's body, also after decompression (JOINERY_MAX_BODY_BYTES)." default:"4194304" placeholder:"N" vars:"JOINERY_MAX_BODY_BYTES"`
	MaxTokens          int           `help:"Tokens of a document (JOINERY_MAX_TOKENS)." default:"15000" placeholder:"N" vars:"JOINERY_MAX_TOKENS"`
	MaxDepth           int           `help:"Levels of fields that have fields (JOINERY_MAX_DEPTH)." default:"30" placeholder:"N" vars:"JOINERY_MAX_DEPTH"`
	MaxAliases         int           `help:"Aliases of an operation (JOINERY_MAX_ALIASES)." default:"500" placeholder:"N" vars:"JOINERY_MAX_ALIASES"`
	MaxRootFields      int           `help:"Root fields of an operation (JOINERY_MAX_ROOT_FIELDS)." default:"100" placeholder:"N" vars:"JOINERY_MAX_ROOT_FIELDS"`
	MaxFields          int           `help:"Fields that a document selects, fragments expanded (JOINERY_MAX_FIELDS)." default:"15000" placeholder:"N" vars:"JOINERY_MAX_FIELDS"`
	MaxComplexity      int           `help:"Objects that an operation can give (JOINERY_MAX_COMPLEXITY)." default:"100000" placeholder:"N" vars:"JOINERY_MAX_COMPLEXITY"`
	ListSize           int           `help:"What a list without limit counts as in complexity (JOINERY_LIST_SIZE)." default:"10" placeholder:"N" vars:"JOINERY_LIST_SIZE"`
	MaxRepresentations int           `help:"Representations of one _entities (JOINERY_MAX_REPRESENTATIONS)." default:"50000" placeholder:"N" vars:"JOINERY_MAX_REPRESENTATIONS"`
	MaxCalls           int           `help:"Calls of actions that give fields, of an operation (JOINERY_MAX_CALLS)." default:"1000" placeholder:"N" vars:"JOINERY_MAX_CALLS"`
	MaxValues          int           `help:"Values of a request's variables, without representations (JOINERY_MAX_VALUES)." default:"200000" placeholder:"N" vars:"JOINERY_MAX_VALUES"`
	RequestTimeout     time.Duration `help:"How long a request may take once it was read (JOINERY_REQUEST_TIMEOUT); 60s, or 10s more than the longest timeout of an action, by default." placeholder:"DURATION" vars:"JOINERY_REQUEST_TIMEOUT"`
	MaxConcurrent      int           `help:"Requests that are executed at once (JOINERY_MAX_CONCURRENT)." default:"1000" placeholder:"N" vars:"JOINERY_MAX_CONCURRENT"`
	MaxQueued          int           `help:"Requests that wait for that (JOINERY_MAX_QUEUED)." default:"1000" placeholder:"N" vars:"JOINERY_MAX_QUEUED"`
	QueueTimeout       time.Duration `help:"How long they wait (JOINERY_QUEUE_TIMEOUT)." default:"5s" placeholder:"DURATION" vars:"JOINERY_QUEUE_TIMEOUT"`
	EnableAllowlist    bool          `name:"enable-allowlist" help:"Let callers other than the admin ask only for what the metadata's allow-list has (JOINERY_ENABLE_ALLOWLIST, HASURA_GRAPHQL_ENABLE_ALLOWLIST)." vars:"JOINERY_ENABLE_ALLOWLIST,HASURA_GRAPHQL_ENABLE_ALLOWLIST"`
	MaxKeys            int           `help:"Keys of one SQL statement; more are sent in several (JOINERY_MAX_KEYS)." default:"10000" placeholder:"N" vars:"JOINERY_MAX_KEYS"`
	MaxRemoteKeys      int           `help:"Keys of one request to a remote schema; more are sent in several (JOINERY_MAX_REMOTE_KEYS)." default:"500" placeholder:"N" vars:"JOINERY_MAX_REMOTE_KEYS"`
	MaxRows            int           `help:"Rows of an array relationship, for each parent, and of a table's field of Query; more are an error (JOINERY_MAX_ROWS)." default:"10000" placeholder:"N" vars:"JOINERY_MAX_ROWS"`
}

// Validate refuses limits that would refuse everything; kong calls it.
func (f *limitFlags) Validate() error {
	if f.RequestTimeout < 0 || f.QueueTimeout < 0 {
		return errors.New("timeouts must not be negative")
	}
	if min(f.MaxBodyBytes, int64(min(f.MaxTokens, f.MaxDepth, f.MaxAliases, f.MaxRootFields, f.MaxFields, f.MaxComplexity, f.ListSize, f.MaxRepresentations, f.MaxKeys, f.MaxRemoteKeys, f.MaxRows, f.MaxConcurrent, f.MaxQueued, f.MaxCalls, f.MaxValues))) < 1 {
		return errors.New("limits must be at least 1; to turn one off, give a large number")
	}
	return nil
}

func (f *limitFlags) limits() subgraph.Limits {
	return subgraph.Limits{
		BodyBytes: f.MaxBodyBytes, Tokens: f.MaxTokens, Depth: f.MaxDepth, Aliases: f.MaxAliases, RootFields: f.MaxRootFields,
		Fields: f.MaxFields, Complexity: f.MaxComplexity, ListSize: f.ListSize, Representations: f.MaxRepresentations, Calls: f.MaxCalls, Values: f.MaxValues,
		Timeout: f.RequestTimeout, Concurrent: f.MaxConcurrent, Queued: f.MaxQueued, QueueTimeout: f.QueueTimeout,
	}
}
