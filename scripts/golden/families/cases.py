"""The configurations: each family as its published checkpoints spell it, and odd ones.

`stored` is the number format of the checkpoint, `shards` the number of files it is cut into, `extra` holds tensors of
published checkpoints that are no weights, `modules` the LoRA targets where they are not all the matrices.
"""

import gemma3
import gpt2
import llama
import mistral
import neox
import phi3
import qwen2
import qwen3

SHAPE = dict(vocab_size=48, hidden_size=24, intermediate_size=32, num_hidden_layers=2, max_position_embeddings=64)
ENDS = dict(bos_token_id=1, eos_token_id=2)
SILU = dict(hidden_act="silu", **ENDS)
LLAMA = dict(architectures=["LlamaForCausalLM"], model_type="llama", **SHAPE, **SILU)
MISTRAL = dict(architectures=["MistralForCausalLM"], model_type="mistral", **SHAPE, **SILU, rms_norm_eps=1e-5)
QWEN2 = dict(architectures=["Qwen2ForCausalLM"], model_type="qwen2", **SHAPE, **SILU, rms_norm_eps=1e-6)
QWEN3 = dict(architectures=["Qwen3ForCausalLM"], model_type="qwen3", **SHAPE, **SILU, rms_norm_eps=1e-6)
PHI3 = dict(architectures=["Phi3ForCausalLM"], model_type="phi3", **SHAPE, **SILU, rms_norm_eps=1e-5)
PHI3 |= dict(pad_token_id=0, original_max_position_embeddings=64)
GPT2 = dict(architectures=["GPT2LMHeadModel"], model_type="gpt2", vocab_size=48, layer_norm_epsilon=1e-5, **ENDS)
GEMMA3 = dict(architectures=["Gemma3ForCausalLM"], model_type="gemma3_text", **SHAPE, **ENDS, rms_norm_eps=1e-6)
GEMMA3 |= dict(hidden_activation="gelu_pytorch_tanh", attention_bias=False, attn_logit_softcapping=None)
NEOX = dict(architectures=["GPTNeoXForCausalLM"], model_type="gpt_neox", **SHAPE, **ENDS, layer_norm_eps=1e-5)

FULL, SLIDING = "full_attention", "sliding_attention"


def case(family, base, stored="F32", shards=1, extra=None, modules=None, rank=2, alpha=6, rslora=False, **fields):
    settings = dict(rank=rank, alpha=alpha, modules=modules or family.MODULES)
    if rslora:
        settings["rslora"] = True
    return dict(
        family=family, config={**base, **fields}, stored=stored, shards=shards, extra=extra or {}, lora=settings
    )


CASES = {
    "llama-1": case(
        llama, LLAMA, num_attention_heads=4, rms_norm_eps=1e-6, torch_dtype="float32", tie_word_embeddings=False
    ),
    "llama-3-scaled": case(
        llama,
        LLAMA,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        rms_norm_eps=1e-5,
        rope_theta=500000.0,
        rope_scaling=dict(
            factor=8.0,
            high_freq_factor=4.0,
            low_freq_factor=1.0,
            original_max_position_embeddings=256,
            rope_type="llama3",
        ),
        eos_token_id=[2, 3],
        attention_bias=False,
        mlp_bias=False,
        tie_word_embeddings=True,
        torch_dtype="float32",
    ),
    "llama-biases-sharded": case(
        llama,
        LLAMA,
        shards=2,
        modules=["q_proj", "v_proj"],
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=10,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        rope_scaling=dict(type="linear", factor=4.0),
        attention_bias=True,
        mlp_bias=True,
        tie_word_embeddings=False,
        torch_dtype="float32",
    ),
    "llama-f16-rslora": case(
        llama,
        LLAMA,
        stored="F16",
        rank=4,
        rslora=True,
        num_attention_heads=3,
        num_key_value_heads=3,
        head_dim=4,
        rms_norm_eps=1e-5,
        rope_parameters=dict(
            rope_type="llama3",
            rope_theta=1000.0,
            factor=4.0,
            low_freq_factor=1.0,
            high_freq_factor=2.0,
            original_max_position_embeddings=16,
        ),
        tie_word_embeddings=True,
        dtype="float16",
    ),
    "smollm": case(
        llama,
        LLAMA,
        num_attention_heads=3,
        num_key_value_heads=1,
        rms_norm_eps=1e-5,
        rope_theta=100000,
        rope_scaling=None,
        rope_interleaved=False,
        is_llama_config=True,
        pretraining_tp=1,
        attention_bias=False,
        attention_dropout=0.0,
        mlp_bias=False,
        tie_word_embeddings=True,
        torch_dtype="float32",
    ),
    "smollm-bf16": case(
        llama,
        LLAMA,
        stored="BF16",
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=12,
        rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0),
        tie_word_embeddings=True,
        dtype="bfloat16",
    ),
    "mistral-window": case(
        mistral,
        MISTRAL,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=12,
        rope_theta=10000.0,
        sliding_window=4,
        tie_word_embeddings=False,
        torch_dtype="float32",
    ),
    "mistral-no-window": case(
        mistral,
        MISTRAL,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=None,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
        sliding_window=None,
        tie_word_embeddings=True,
        dtype="float32",
    ),
    "qwen2-unused-window": case(
        qwen2,
        QWEN2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rope_theta=1000000.0,
        sliding_window=4,
        max_window_layers=1,
        use_sliding_window=False,
        tie_word_embeddings=True,
        torch_dtype="float32",
    ),
    "qwen2-late-window": case(
        qwen2,
        QWEN2,
        num_attention_heads=4,
        num_key_value_heads=1,
        num_hidden_layers=3,
        rope_theta=10000.0,
        sliding_window=3,
        max_window_layers=1,
        use_sliding_window=True,
        tie_word_embeddings=False,
        torch_dtype="float32",
    ),
    "qwen3-tied": case(
        qwen3,
        QWEN3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=10,
        attention_bias=False,
        rope_theta=1000000,
        rope_scaling=None,
        sliding_window=None,
        max_window_layers=2,
        use_sliding_window=False,
        tie_word_embeddings=True,
        torch_dtype="float32",
    ),
    "qwen3-biases-window": case(
        qwen3,
        QWEN3,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        attention_bias=True,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0),
        layer_types=[FULL, SLIDING],
        sliding_window=5,
        max_window_layers=1,
        use_sliding_window=True,
        tie_word_embeddings=False,
        dtype="float32",
    ),
    "gpt2-published": case(
        gpt2,
        GPT2,
        extra={"h.0.attn.bias": (1, 1, 16, 16)},
        n_embd=24,
        n_layer=2,
        n_head=4,
        n_positions=16,
        n_ctx=16,
        activation_function="gelu_new",
    ),
    "gpt2-odd": case(
        gpt2,
        GPT2,
        n_embd=20,
        n_layer=3,
        n_head=2,
        n_positions=20,
        n_inner=36,
        activation_function="gelu_new",
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=True,
        reorder_and_upcast_attn=False,
        tie_word_embeddings=False,
        dtype="float32",
    ),
    "phi3": case(
        phi3,
        PHI3,
        num_attention_heads=4,
        num_key_value_heads=4,
        rope_theta=10000.0,
        rope_scaling=None,
        sliding_window=2047,
        attention_bias=False,
        tie_word_embeddings=False,
        torch_dtype="float32",
    ),
    "phi3-partial-window": case(
        phi3,
        PHI3,
        num_attention_heads=3,
        num_key_value_heads=1,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.75),
        sliding_window=4,
        attention_bias=False,
        tie_word_embeddings=True,
        dtype="float32",
    ),
    "gemma3-pattern": case(
        gemma3,
        GEMMA3,
        rank=1,
        num_hidden_layers=4,
        intermediate_size=24,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        query_pre_attn_scalar=8,
        rope_theta=1000000,
        rope_local_base_freq=10000,
        rope_scaling=None,
        sliding_window=4,
        sliding_window_pattern=2,
        final_logit_softcapping=None,
        torch_dtype="float32",
    ),
    "gemma3-bf16-layer-types": case(
        gemma3,
        GEMMA3,
        stored="BF16",
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=10,
        query_pre_attn_scalar=20,
        rope_parameters={
            FULL: dict(rope_type="linear", rope_theta=1000000.0, factor=8.0),
            SLIDING: dict(rope_type="default", rope_theta=10000.0),
        },
        layer_types=[SLIDING, FULL, SLIDING],
        sliding_window=3,
        final_logit_softcapping=4.0,
        tie_word_embeddings=True,
        dtype="bfloat16",
    ),
    "neox-parallel": case(
        neox,
        NEOX,
        extra={"gpt_neox.layers.0.attention.rotary_emb.inv_freq": (2,)},
        num_attention_heads=2,
        hidden_size=32,
        hidden_act="gelu",
        rotary_pct=0.25,
        rotary_emb_base=10000,
        use_parallel_residual=True,
        tie_word_embeddings=False,
        torch_dtype="float32",
    ),
    "neox-sequential": case(
        neox,
        NEOX,
        num_attention_heads=2,
        hidden_act="gelu",
        rope_parameters=dict(rope_type="default", rope_theta=1000.0, partial_rotary_factor=0.5),
        use_parallel_residual=False,
        attention_bias=False,
        tie_word_embeddings=True,
        dtype="float32",
    ),
}
