package edit

const sdlFile = "actions.graphql"
