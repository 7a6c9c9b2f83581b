package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/metadata"
)

// metadataFlags say what is served.
type metadataFlags struct {
	Metadata          string   `help:"Hasura v2 metadata directory (JOINERY_METADATA)." placeholder:"DIR" vars:"JOINERY_METADATA,HASURA_GRAPHQL_METADATA_DIR"`
	DatabaseURL       string   `help:"URL of the only Postgres source, instead of what the metadata says (JOINERY_DATABASE_URL). DATABASE_URL counts where the metadata says nothing." placeholder:"URL" vars:"JOINERY_DATABASE_URL"`
	DisableTableRoots bool     `help:"Leave out the fields of Query that read tables, such as users_by_pk (JOINERY_DISABLE_TABLE_ROOTS)." vars:"JOINERY_DISABLE_TABLE_ROOTS"`
	RowSecurity       []string `help:"Sources whose own row security guards their rows (JOINERY_ROW_SECURITY): statements run as the session's role, with its variables as settings." placeholder:"SOURCE,..." vars:"JOINERY_ROW_SECURITY"`
}

// defaultDatabaseVars hold the database's URL where neither the flag nor the metadata says it.
var defaultDatabaseVars = []string{"DATABASE_URL", "HASURA_GRAPHQL_DATABASE_URL"}

// config is what the service is made of, without anything that only a server needs.
func (f metadataFlags) config(p *program) (joinery.Config, error) {
	dir, err := f.directory()
	if err != nil {
		return joinery.Config{}, err
	}
	config := joinery.Config{Metadata: dir, DatabaseURL: f.DatabaseURL, LookupEnv: p.lookupEnv, Version: version(), DisableTableRoots: f.DisableTableRoots, RowSecurity: f.RowSecurity}
	for _, name := range defaultDatabaseVars {
		if url, ok := p.lookupEnv(name); ok && config.DefaultDatabaseURL == "" {
			config.DefaultDatabaseURL = url
		}
	}
	return config, nil
}

// directory opens the metadata directory, or names what is missing.
func (f metadataFlags) directory() (fs.FS, error) {
	if f.Metadata == "" {
		return nil, errors.New("missing --metadata: give the Hasura metadata directory, the one that holds version.yaml")
	}
	info, err := os.Stat(f.Metadata)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("metadata directory %q does not exist%s", f.Metadata, within(f.Metadata))
	case err != nil:
		return nil, fmt.Errorf("metadata directory: %w", err)
	case !info.IsDir() && filepath.Ext(f.Metadata) == ".json":
		return nil, fmt.Errorf("metadata directory %q is a file, as Hasura's console exports it; give the directory that `hasura metadata export` writes", f.Metadata)
	case !info.IsDir():
		return nil, fmt.Errorf("metadata directory %q is a file; give the directory that holds version.yaml", f.Metadata)
	}
	if _, err := os.Stat(filepath.Join(f.Metadata, "version.yaml")); err != nil {
		if _, err := os.Stat(filepath.Join(f.Metadata, "metadata", "version.yaml")); err == nil {
			return nil, fmt.Errorf("metadata directory %q has no version.yaml; did you mean %q?", f.Metadata, filepath.Join(f.Metadata, "metadata"))
		}
	}
	return os.DirFS(f.Metadata), nil
}

// within says from where a relative path was looked up.
func within(path string) string {
	if dir, err := os.Getwd(); err == nil && !filepath.IsAbs(path) {
		return " in " + dir
	}
	return ""
}

// place puts the directory before the files of faults, so that they can be opened from where the program was started.
func (f metadataFlags) place(faults metadata.Faults) metadata.Faults {
	placed := make(metadata.Faults, len(faults))
	for i, fault := range faults {
		if fault.Pos.File != "" {
			fault.Pos.File = filepath.Join(f.Metadata, fault.Pos.File)
		}
		placed[i] = fault
	}
	return placed
}

// placeError does the same for the faults of an error.
func (f metadataFlags) placeError(err error) error {
	errs := parts(err)
	for i, err := range errs {
		if faults, ok := err.(metadata.Faults); ok { //nolint:errorlint // what wraps them has a text of its own
			errs[i] = f.place(faults)
		}
	}
	return errors.Join(errs...)
}
