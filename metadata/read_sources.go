package metadata

import (
	"fmt"
	"net/url"
	"strconv"
)

const (
	sourcesFile  = "databases/databases.yaml"
	kindPostgres = "postgres"
)

// postgresKinds are the kinds of sources that are served, and what is to be said of them.
var postgresKinds = map[string]string{
	kindPostgres: "",
	"pg":         "",
	"citus":      "is served like plain Postgres, which is not tested with Citus",
	"cockroach":  "is served like plain Postgres, which is not tested with CockroachDB",
}

// readSources reads databases/databases.yaml of layout version 3.
func (r *reader) readSources(m *Metadata) {
	n := r.root(sourcesFile)
	if r.missing[sourcesFile] {
		n = node{}
	}
	for _, c := range r.list(n, "") {
		if s := r.readSource(c); s != nil {
			m.Sources = append(m.Sources, s)
		}
	}
}

// readVersion2 reads the layout of version 2: one database, whose tables stand in tables.yaml.
func (r *reader) readVersion2(m *Metadata) {
	s := &Source{Pos: Pos{File: "tables.yaml"}, Name: DefaultSource, Kind: kindPostgres}
	s.Tables = r.readTables(r.root("tables.yaml"), Affixes{})
	r.unserved.list(r, "functions", r.root("functions.yaml"))
	m.Sources = []*Source{s}
}

func (r *reader) readSource(n node) *Source {
	f := r.mapping(n, "source")
	s := &Source{Pos: f.pos(), Name: f.need("name"), Kind: f.text("kind")}
	f.item = fmt.Sprintf("source %q", s.Name)
	if s.Kind == "" {
		s.Kind = kindPostgres
	}
	note, served := postgresKinds[s.Kind]
	if !served {
		r.add(Fault{
			Pos: f.keyPos("kind"), Severity: Warning, Item: f.item, Message: fmt.Sprintf("its tables are not served: it is of kind %q", s.Kind),
			Hint: "Joinery serves Postgres only",
		})
		return s
	}
	if note != "" {
		f.warnf(f.keyPos("kind"), "the kind %q %s", s.Kind, note)
	}
	s.Kind = kindPostgres
	r.readPostgres(f, s)
	if s.Name == "" {
		return nil
	}
	return s
}

func (r *reader) readPostgres(f *mapping, s *Source) {
	if c := f.get("configuration"); !c.absent() {
		s.DatabaseURL = r.readConnection(c, f.item)
	}
	if c := f.get("customization"); !c.absent() {
		s.Customization = r.readCustomization(c, "customization of "+f.item)
	}
	s.Tables = r.readTables(f.get("tables"), s.Customization.TypeNames)
	for _, key := range []string{"functions", "native_queries", "logical_models", "stored_procedures"} {
		r.unserved.list(r, key, f.get(key))
	}
	f.know("health_check", "query_tags", "backend_only")
	f.done()
}

func (r *reader) readConnection(n node, item string) EnvValue {
	f := r.mapping(n, "configuration of "+item)
	f.know("extensions_schema", "connection_template")
	r.unserved.key(f, "read_replicas")
	var v EnvValue
	if c := f.get("connection_info"); !c.absent() {
		v = r.readConnectionInfo(c, f.item)
	}
	f.done()
	return v
}

func (r *reader) readConnectionInfo(n node, item string) EnvValue {
	f := r.mapping(n, item)
	f.know("pool_settings", "isolation_level", "use_prepared_statements")
	v := r.readDatabaseURL(f)
	if f.has("ssl_configuration") && !f.get("ssl_configuration").absent() {
		f.r.add(Fault{
			Pos: f.keyPos("ssl_configuration"), Severity: Warning, Item: item, Message: "ssl_configuration is not used",
			Hint: "write sslmode, sslrootcert, sslcert and sslkey into the connection URL",
		})
	}
	f.done()
	return v
}

// readDatabaseURL reads a literal, the name of an environment variable or the parts of a URL.
func (r *reader) readDatabaseURL(f *mapping) EnvValue {
	n := f.get("database_url")
	if n.absent() {
		return EnvValue{}
	}
	v := EnvValue{Pos: n.pos()}
	if s, ok := n.text(); ok {
		v.Value = s
		return v
	}
	g := r.mapping(n, f.item)
	v.FromEnv = g.text("from_env")
	if c := g.get("connection_parameters"); !c.absent() {
		v.Value = r.readConnectionParameters(c, f.item)
	}
	if g.has("dynamic_from_file") {
		g.know("dynamic_from_file")
		g.r.add(Fault{
			Pos: g.keyPos("dynamic_from_file"), Severity: Warning, Item: f.item, Message: "dynamic_from_file is not supported",
			Hint: "give the connection URL with --database-url or from_env",
		})
	}
	g.done()
	return v
}

func (r *reader) readConnectionParameters(n node, item string) string {
	f := r.mapping(n, item)
	u := url.URL{Scheme: "postgresql", Host: f.need("host"), Path: "/" + f.need("database")}
	if port := f.integer("port"); port != nil {
		u.Host += ":" + strconv.Itoa(*port)
	}
	user, password := f.need("username"), f.text("password")
	u.User = url.User(user)
	if password != "" {
		u.User = url.UserPassword(user, password)
	}
	f.done()
	return u.String()
}

func (r *reader) readCustomization(n node, item string) Customization {
	f := r.mapping(n, item)
	c := Customization{Pos: f.pos(), NamingConvention: f.text("naming_convention")}
	switch c.NamingConvention {
	case "", "hasura-default":
	default:
		f.r.add(Fault{
			Pos: f.keyPos("naming_convention"), Item: item,
			Message: fmt.Sprintf("the naming convention %q is not supported", c.NamingConvention),
			Hint:    `remove it, or write "hasura-default", and give custom names to tables and columns`,
		})
	}
	c.RootFieldsNamespace, c.RootFields = r.readAffixes(f, "root_fields", "namespace")
	if c.RootFieldsNamespace != "" {
		f.r.add(Fault{
			Pos: f.keyPos("root_fields"), Severity: Warning, Item: item, Message: "the namespace of root fields is not served: they stand in Query itself",
			Hint: "use a prefix, or leave them out by --disable-table-roots",
		})
	}
	_, c.TypeNames = r.readAffixes(f, "type_names")
	f.done()
	return c
}

// readAffixes reads a prefix and a suffix, and the value of one more key where it is named.
func (r *reader) readAffixes(f *mapping, key string, more ...string) (extra string, a Affixes) {
	n := f.get(key)
	if n.absent() {
		return "", Affixes{}
	}
	g := r.mapping(n, f.item+": "+key)
	a = Affixes{Prefix: g.text("prefix"), Suffix: g.text("suffix")}
	for _, k := range more {
		extra = g.text(k)
	}
	g.done()
	return extra, a
}
