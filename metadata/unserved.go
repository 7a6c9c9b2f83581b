package metadata

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// unserved counts what the metadata declares and Joinery does not serve, for one warning of each kind.
type unserved struct {
	counts map[string]*unservedCount
}

type unservedCount struct {
	n     int
	first Pos
}

// unservedKinds are the kinds in the order of the warnings: what is counted, what is lost, and the mend.
var unservedKinds = []struct{ key, message, hint string }{
	{"writes", "insert, update and delete permissions of %s: not used, Joinery reads tables and never writes them", "write through actions"},
	{"event_triggers", "event triggers of %s: not served by Joinery", "keep Hasura, or another listener, for them"},
	{"remote_schemas", "root fields of %s: not served by Joinery, which follows relationships to them", "compose them into the supergraph as subgraphs"},
	{"functions", "%s: not served by Joinery", ""},
	{"native_queries", "%s: not served by Joinery", ""},
	{"logical_models", "%s: not served by Joinery", ""},
	{"stored_procedures", "%s: not served by Joinery", ""},
	{"read_replicas", "read replicas of %s: not used", ""},
	{"cron_triggers", "%s: not served by Joinery", "keep Hasura, or another scheduler, for them"},
	{"rest_endpoints", "%s: not served by Joinery", "clients send the operation to the router instead"},
}

// unservedNouns are what is counted where that is not tables.
var unservedNouns = map[string][2]string{
	"remote_schemas":    {"remote schema", "remote schemas"},
	"functions":         {"function", "functions"},
	"native_queries":    {"native query", "native queries"},
	"logical_models":    {"logical model", "logical models"},
	"stored_procedures": {"stored procedure", "stored procedures"},
	"read_replicas":     {"source", "sources"},
	"cron_triggers":     {"cron trigger", "cron triggers"},
	"rest_endpoints":    {"REST endpoint", "REST endpoints"},
}

func (u *unserved) count(key string, pos Pos) { u.add(key, 1, pos) }

func (u *unserved) add(key string, n int, pos Pos) {
	if n == 0 {
		return
	}
	if u.counts == nil {
		u.counts = map[string]*unservedCount{}
	}
	c := u.counts[key]
	if c == nil {
		c = &unservedCount{first: pos}
		u.counts[key] = c
	}
	c.n += n
}

// list counts the elements of a list.
func (u *unserved) list(r *reader, key string, n node) {
	u.add(key, len(r.list(n, key)), n.pos())
}

// key counts a mapping that has a list at key that is not empty, once.
func (u *unserved) key(f *mapping, key string) { u.anyKey(f, key, key) }

func (u *unserved) anyKey(f *mapping, kind string, keys ...string) {
	f.know(keys...)
	for _, key := range keys {
		if len(f.list(key)) > 0 {
			u.count(kind, f.keyPos(key))
			return
		}
	}
}

// table counts what a table declares.
func (u *unserved) table(f *mapping) {
	u.anyKey(f, "writes", "insert_permissions", "update_permissions", "delete_permissions")
	u.key(f, "event_triggers")
}

func (u *unserved) report(r *report) {
	for _, k := range unservedKinds {
		c := u.counts[k.key]
		if c == nil {
			continue
		}
		noun, ok := unservedNouns[k.key]
		if !ok {
			noun = [2]string{"table", "tables"}
		}
		what := fmt.Sprintf("%d %s", c.n, noun[1])
		if c.n == 1 {
			what = "1 " + noun[0]
		}
		r.add(Fault{Pos: c.first, Severity: Warning, Message: fmt.Sprintf(k.message, what), Hint: k.hint})
	}
}

// knownFiles are the files of a metadata directory. Those without a message are read elsewhere, or say nothing that
// Joinery could lose; of the others the message says what is lost where they have content.
var knownFiles = map[string]string{
	"version.yaml": "", actionsFile: "", remoteSchemasFile: "", inheritedRolesFile: "", introspectionFile: "", federationFile: "",
	allowListFile: "", queryCollectionsFile: "", apiLimitsFile: "",
	"network.yaml": "", "backend_configs.yaml": "", "metrics_config.yaml": "", "config.yaml": "", "metadata.yaml": "",
	"cron_triggers.yaml":  "",
	"rest_endpoints.yaml": "",
	"tables.yaml":         "is not read: it belongs to metadata version 2",
	"functions.yaml":      "is not read: it belongs to metadata version 2",
	"opentelemetry.yaml":  "is not used: set the OTEL_* environment variables",
}

// readOtherFiles reports the files of the directory that are not read although they say something.
func (r *reader) readOtherFiles(version int) {
	r.unserved.list(r, "cron_triggers", r.root("cron_triggers.yaml"))
	r.unserved.list(r, "rest_endpoints", r.root("rest_endpoints.yaml"))
	entries, err := fs.ReadDir(r.fsys, ".")
	if err != nil {
		r.errorf(Pos{}, "metadata directory", "read directory: %v", cause(err))
	}
	for _, e := range entries {
		name := e.Name()
		if ext := path.Ext(name); e.IsDir() || ext != ".yaml" && ext != ".yml" || version == 2 && isVersion2File(name) {
			continue
		}
		r.readOtherFile(name)
	}
	if version == 2 && r.exists(sourcesFile) {
		r.warnf(Pos{File: sourcesFile}, "", "is not read: version.yaml says version 2")
	}
}

func isVersion2File(name string) bool { return name == "tables.yaml" || name == "functions.yaml" }

func (r *reader) readOtherFile(name string) {
	message, known := knownFiles[name]
	if _, included := r.docs[name]; included && !known {
		return
	}
	switch {
	case !known:
		r.add(Fault{
			Pos: Pos{File: name}, Severity: Warning, Message: "unknown file, which is not read",
			Hint: r.didYouMean(name, knownFileNames()),
		})
	case message != "" && r.hasContent(r.root(name)):
		r.warnf(Pos{File: name}, "", "%s", message)
	}
}

func knownFileNames() []string {
	names := []string{sdlFile}
	for name := range knownFiles {
		if !strings.HasPrefix(name, "metadata") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// hasContent says whether a value holds anything but empty lists and mappings.
func (r *reader) hasContent(n node) bool { return !isEmptyValue(r.decode(n, "")) }

func isEmptyValue(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, value := range v {
			if !isEmptyValue(value) {
				return false
			}
		}
		return true
	}
	return false
}
