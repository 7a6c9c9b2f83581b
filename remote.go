package joinery

import (
	"go.opentelemetry.io/otel/propagation"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
	"github.com/joinery-graphql/joinery/subgraph"
)

// remoteOptions are those of a service: one that is made again asks for schemas again, and does with what it knew where
// there is no answer; a preview does with what it knows.
func (s *Service) remoteOptions(c *Config) remotes.Options {
	return remotes.Options{
		Known: s.remotes, Before: s.shared.remotes.Load(),
		PrivateHeaders: []string{auth.RouterSecretHeader, subgraph.ExplainHeader},
		LookupEnv:      c.LookupEnv, Transport: s.shared.transport, MaxKeys: c.MaxRemoteKeys, Version: c.Version,
		TracerProvider: c.TracerProvider, Propagator: propagation.TraceContext{},
	}
}

// remoteOf gives the model what follows relationships to remote schemas.
func remoteOf(client *remotes.Client) func(*metadata.RemoteRelationship) entities.Remote {
	return func(r *metadata.RemoteRelationship) entities.Remote {
		if found := client.Relationship(r); found != nil {
			return found
		}
		return nil // and no interface that holds a nil
	}
}

// strictly makes errors of remote schemas that can't be had. A service starts without them; an SDL without them would take
// their fields out of the supergraph.
func strictly(faults metadata.Faults) metadata.Faults {
	for i := range faults {
		if faults[i].Rule == remotes.UnreachableRule {
			faults[i].Severity = metadata.Error
		}
	}
	return faults
}
