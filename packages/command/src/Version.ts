/** The version of this framework, as the manifest shows it; a test holds it against package.json. */
export const framework_version = "0.1.0"
