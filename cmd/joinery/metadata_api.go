package main

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadataapi"
)

// metadataAPIFlags say whether the metadata API is served. HASURA_GRAPHQL_ENABLED_APIS isn't read: it names the API by
// default, and here its commands write files.
type metadataAPIFlags struct {
	EnableMetadataAPI bool `name:"enable-metadata-api" help:"Serve Hasura's metadata API for actions and their types at /v1/metadata, for the admin (JOINERY_ENABLE_METADATA_API). It changes the files of --metadata." vars:"JOINERY_ENABLE_METADATA_API"`
}

// mountMetadataAPI adds the metadata API where it is enabled.
func (f *metadataAPIFlags) mountMetadataAPI(mux *http.ServeMux, live *joinery.Live, dir string, access *auth.Config, log *slog.Logger) {
	if f.EnableMetadataAPI {
		mux.Handle("/v1/metadata", metadataapi.New(metadataService{live}, metadataapi.Options{Dir: dir, Auth: live, Open: access.IsOpen(), Log: log}))
	}
}

// metadataService is the service as the metadata API sees it.
type metadataService struct{ *joinery.Live }

// Try makes what would be served, and lets go of it.
func (s metadataService) Try(ctx context.Context, dir fs.FS) error {
	service, err := s.Preview(ctx, dir)
	if err != nil {
		return err
	}
	service.Close()
	return nil
}
